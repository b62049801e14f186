"""The Helm chart: values against their schema, templates against values; where Helm is installed, what they render.

No cluster takes part: that the pods start, and that the Flink operator accepts its resource, is not tested.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from app.cli.main import main

CHART = Path(__file__).resolve().parents[2] / "deploy" / "scale" / "helm"
TEMPLATES = sorted((CHART / "templates").glob("*.yaml"))
LARGE = "values-ten-million.yaml"
HELM = shutil.which("helm")


def values(name: str = "values.yaml") -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHART / name).read_text())
    return loaded


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    return {
        name: merged(base[name], over[name])
        if name in over and isinstance(base[name], dict)
        else over.get(name, base[name])
        for name in base
    }


def leaves(tree: dict[str, Any], path: str = "") -> set[str]:
    return {
        leaf
        for name, value in tree.items()
        for leaf in (leaves(value, f"{path}{name}.") if isinstance(value, dict) else {f"{path}{name}"})
    }


def test_values_are_those_of_the_schema() -> None:
    schema = jsonschema_rs.validator_for(json.loads((CHART / "values.schema.json").read_text()))
    schema.validate(values())
    assert leaves(values(LARGE)) <= leaves(values())
    schema.validate(merged(values(), values(LARGE)))
    for wrong in ({"kafka": "no-port"}, {"ingest": {**values()["ingest"], "workers": 0}}, {"unknown": 1}):
        assert not schema.is_valid({**values(), **wrong})


def test_templates_use_every_value_and_no_other() -> None:
    used = {name for file in TEMPLATES for name in re.findall(r"\.Values\.([\w.]+)", file.read_text())}
    assert used == leaves(values())


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_templates_are_yaml_around_their_actions(file: Path) -> None:
    text = re.sub(r"^ *{{-? *(if|end)\b.*}}\n", "", file.read_text(), flags=re.MULTILINE)
    resources = list(yaml.safe_load_all(re.sub(r"{{[^{}]*}}", "x", text)))
    assert all({"apiVersion", "kind", "metadata"} <= one.keys() for one in resources)


@pytest.mark.skipif(HELM is None, reason="THE CHART WAS NOT RENDERED: helm is not installed")
@pytest.mark.parametrize("options", [(), ("-f", str(CHART / LARGE), "--set", "console.host=desk.example.org")])
def test_rendered_resources_fit_together(options: tuple[str, ...]) -> None:
    assert HELM is not None
    subprocess.run([HELM, "lint", "--strict", str(CHART), *options], check=True, capture_output=True, timeout=120)
    command = [HELM, "template", "town", str(CHART), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    resources = [one for one in yaml.safe_load_all(done.stdout) if one]
    kinds = [one["kind"] for one in resources]
    assert {"StatefulSet", "Service", "PodDisruptionBudget", "Job", "FlinkDeployment"} <= set(kinds)
    names = [(one["kind"], one["metadata"]["name"]) for one in resources]
    assert len(names) == len(set(names))
    labels = [pod["metadata"]["labels"] for pod in pods(resources)]
    for resource in resources:
        for selector in selectors(resource):
            assert any(selector.items() <= one.items() for one in labels), (resource["metadata"]["name"], selector)
    for pod in pods(resources):
        check_pod(pod, {one["name"] for one in claims(resources)})


def pods(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one["spec"]["template"] for one in resources if "template" in one.get("spec", {})]


def selectors(resource: dict[str, Any]) -> list[dict[str, str]]:
    selector = resource["spec"].get("selector")
    return [] if selector is None else [selector.get("matchLabels", selector)]


def claims(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [claim["metadata"] for one in resources for claim in one["spec"].get("volumeClaimTemplates", ())]


def check_pod(pod: dict[str, Any], claimed: set[str]) -> None:
    """Mounts name volumes; the command line is one that this program takes."""
    volumes = {one["name"] for one in pod["spec"]["volumes"]} | claimed
    for container in pod["spec"]["containers"]:
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        words = container["args"]
        if container.get("command"):
            (script,) = words
            words = script.split("exec fengshao ", 1)[1].replace("$publish", "--publish-registry").split()
        environment = {one["name"] for one in container.get("env", ())}
        command = main.commands[words[0]]
        taken = {name for option in command.params for name in option.opts}
        assert {word for word in words if word.startswith("--")} <= taken
        required = {option.opts[0] for option in command.params if option.required and option.opts[0].startswith("--")}
        assert required <= {*words, *({"--mqtt"} if "FENGSHAO_MQTT" in environment else ())}
