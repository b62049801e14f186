"""The texts to be filed with each provider of a site, in the notation of that provider."""

from __future__ import annotations

from collections.abc import Iterator

from alerts.messages.catalog import EXERCISE_SUFFIX, TextCatalog
from alerts.messages.exercise import labelled
from alerts.messages.filed_texts import by_position
from alerts.messages.personal import answer_page
from alerts.messages.speech import exercise_speech
from app.config.phone_settings import AliyunVoiceProviderSettings, SmsProviderSettings, VoiceProviderSettings
from app.config.settings import SiteSettings
from domain import Severity


def template_lines(wording: TextCatalog, settings: SiteSettings) -> Iterator[str]:
    """Tab-separated: channel/provider, the code in site.yaml (`-` while there is none), name, text."""
    sms, voice = settings.channels.sms, settings.channels.voice
    for provider in sms.providers if sms else ():
        for name, text in _texts(wording, answer_page(settings.public_url)):
            yield _line("sms", provider, name, text if provider.type == "aliyun" else by_position(text))
        yield _line("sms", provider, "fixed", wording.house.fixed)
    for calls in voice.providers if voice else ():
        for speech in wording.voice:
            text = speech.text if isinstance(calls, AliyunVoiceProviderSettings) else speech.fixed
            text = text.replace("{sign}", settings.sign)
            yield _line("voice", calls, speech.name, text)
            yield _line("voice", calls, f"{speech.name}{EXERCISE_SUFFIX}", exercise_speech(text))


def _texts(wording: TextCatalog, page: str) -> Iterator[tuple[str, str]]:
    yield from ((template.name, template.filed(page)) for template in wording.personal_templates())
    for template in wording.sms:
        for severity in template.codes:
            text = template.text.replace("{level}", wording.severities[severity])
            yield f"{template.name}.{severity.value}", text
            yield f"{template.name}{EXERCISE_SUFFIX}.{severity.value}", labelled(text)


def _line(channel: str, provider: SmsProviderSettings | VoiceProviderSettings, name: str, text: str) -> str:
    base, _, severity = name.partition(".")
    code = provider.templates.get(name) or provider.templates.get(base)
    if name == "fixed":
        code = provider.fallback_template
    assert not severity or severity in set(Severity)
    return f"{channel}/{provider.name}\t{code or '-'}\t{name}\t{text}"
