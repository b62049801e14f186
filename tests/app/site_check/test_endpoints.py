"""Names of robots and services lead somewhere, and no critical danger is left to a group chat."""

from __future__ import annotations

from pathlib import Path

from tests.support.site_files import faults_and_warnings, write_site

SITE = """
name: 社区
sign: 社区
last_resort: [li]
channels:
  aliyun_sms: {}
  wecom_robot: {robots: {grid-1: {key_env: ROBOT}}}
  apprise: {services: {family-chat: {url_env: CHAT}}}
"""
PEOPLE = "id,name,phone,wecom_robot,apprise\nli,李强,19900000003,,\ngroup,网格群,,grid-2,\nson,王小,,,chat\n"
LADDERS = """
ladders:
  - {ledger: danger, severities: [critical, high, medium, low], take_within: 1m, arrive_within: 10m,
     resolve_within: 2h, verify_within: 1d, close_within: 1d, repeat: 15m,
     rungs: [{role: worker, channels: [wecom_robot], fallback: [apprise], wait: 1m},
             {role: lead, channels: [wecom_robot, sms], wait: 2m}]}
  - {ledger: health, severities: [critical, high, medium, low], take_within: 1d, arrive_within: 1d,
     resolve_within: 2d, verify_within: 2d, close_within: 1d, repeat: 1d,
     rungs: [{role: maintenance, channels: [apprise], wait: 1d}]}
"""


def test_a_robot_or_service_that_site_yaml_does_not_name_is_a_fault(tmp_path: Path) -> None:
    site = write_site(tmp_path, site_yaml=SITE, people_csv=PEOPLE)
    faults = [fault for fault in faults_and_warnings(site)[0] if fault.startswith("people.csv")]
    assert faults == [
        "people.csv:3:12: wecom_robot: 'grid-2' is not in channels.wecom_robot.robots of site.yaml: "
        "write one of grid-1",
        "people.csv:4:10: apprise: 'chat' is not in channels.apprise.services of site.yaml: write one of family-chat",
    ]
    without = write_site(tmp_path, people_csv=PEOPLE)
    assert "it names none" in faults_and_warnings(without)[0][0]


def test_a_rung_of_critical_dangers_that_only_a_group_receives_is_a_warning(tmp_path: Path) -> None:
    site = write_site(tmp_path, site_yaml=SITE, ladders_yaml=LADDERS)
    warnings = [line for line in faults_and_warnings(site)[1] if line.startswith("ladder ")]
    assert [line.partition(":")[0] for line in warnings] == ["ladder danger critical, high, medium, low, rung 1"]
    assert "worker is notified by wecom_robot, apprise only, and no person can acknowledge there" in warnings[0]
