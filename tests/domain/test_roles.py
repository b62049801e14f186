"""Roles of recipients: the built-in ones, and a site that renames them and adds its own."""

from __future__ import annotations

from domain.roles import Role, RoleKind, SiteRole, SiteRoleFile, merged_roles, role_faults, role_named

BUILT_IN = {
    "worker": Role(zh="网格员", en="Grid worker"),
    "volunteer": Role(zh="志愿者", en="Volunteer", kind=RoleKind.VOLUNTEER),
}


def test_a_site_renames_a_role_and_adds_its_own() -> None:
    own = SiteRoleFile(
        roles={"worker": SiteRole(zh="楼栋长"), "night_guard": SiteRole(zh="夜巡", kind=RoleKind.VOLUNTEER)}
    )
    roles = merged_roles(BUILT_IN, own)
    assert roles["worker"] == Role(zh="楼栋长", en="Grid worker", kind=RoleKind.STAFF)
    assert roles["night_guard"] == Role(zh="夜巡", en="night guard", kind=RoleKind.VOLUNTEER)
    assert list(roles) == ["worker", "volunteer", "night_guard"]
    assert list(role_faults(BUILT_IN, own)) == []


def test_a_new_role_needs_a_chinese_name() -> None:
    own = SiteRoleFile(roles={"guard": SiteRole(en="Guard")})
    assert [fault.message for fault in role_faults(BUILT_IN, own)] == [
        "is a new role without a Chinese name: write `zh: ...`"
    ]
    assert merged_roles(BUILT_IN, own) == BUILT_IN


def test_a_role_is_found_by_its_name() -> None:
    assert role_named("志愿者", BUILT_IN) == "volunteer"
    assert role_named("grid worker ", BUILT_IN) == "worker"
    assert role_named("城管", BUILT_IN) is None
