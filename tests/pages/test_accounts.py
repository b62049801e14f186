"""An administrator adds a clerk, who signs in, chooses a password and is named by what he does."""

from __future__ import annotations

from playwright.async_api import expect

from tests.support.browser_pages import OpenPages, axe

PASSWORD = "两只黄鹂鸣翠柳2026"


async def test_a_clerk_is_added_signs_in_and_chooses_a_password(open_page: OpenPages) -> None:
    page = await open_page("/accounts")
    await page.get_by_role("button", name="添加账号").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("用户名").fill("zhangsan")
    await dialog.get_by_label("姓名").fill("张三")
    await dialog.get_by_role("button", name="保存").click()
    first = await dialog.locator("output").inner_text()
    await dialog.get_by_role("button", name="知道了").click()
    await expect(page.get_by_role("row", name="zhangsan")).to_have_count(1)
    await axe(page)

    clerk = await open_page("/silences", role=None, expected=("401", "403"))
    requests: list[str] = []
    clerk.on("request", lambda request: requests.append(request.url))
    await clerk.get_by_label("用户名").fill("zhangsan")
    await clerk.get_by_label("密码").fill(first)
    await clerk.get_by_role("button", name="进入").click()
    await clerk.wait_for_url(f"{open_page.root}/account**")
    await axe(clerk)
    assert not [url for url in requests if url.endswith("/stream")], (
        "refused until then, it would look like a lost connection"
    )
    await clerk.get_by_label("现在的密码").fill(first)
    await clerk.get_by_label("新密码", exact=True).fill(PASSWORD)
    await clerk.get_by_label("再输一遍新密码").fill(PASSWORD)
    await clerk.get_by_role("button", name="修改密码").click()
    await clerk.wait_for_url(f"{open_page.root}/silences")

    trail = await open_page("/audit")
    await trail.get_by_role("cell", name="修改密码").first.wait_for()
    await axe(trail)
