"""Pages of articles without a link: when they come, change, move and go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from feedsvc.regenerate import BuildOptions
from feedsvc.regenerate.articles import PAGES, articles_due
from tests.support import DEFAULT_CONFIG, readable

Told = Callable[..., str]

PRIVATE = """
[[feed]]
name = "inner"
private = true
tags = ["inner"]

[[feed]]
name = "open"
tags = ["open"]
"""


@pytest.fixture
def make(make_service: Callable[..., Any]) -> Callable[..., Any]:
    """A service with a configuration that is added to the usual one."""

    def build(more: str = "", name: str = "site") -> Any:
        return make_service(DEFAULT_CONFIG + more, name=name)

    return build


def _pages(service: Any) -> set[str]:
    """The slugs that have a page."""
    return {path.parent.name for path in service.public.glob("a/*/index.html")}


def _page(service: Any, slug: str) -> str:
    text: str = service.published(f"a/{slug}/index.html").decode()
    return text


def _leads(service: Any) -> dict[str, str | None]:
    """Where paths of pages lead that have none."""
    return {
        path.removeprefix("a/").rstrip("/"): target
        for path, target in service.app.store.redirects().items()
        if path.startswith("a/")
    }


def _front(**front: str) -> str:
    """An article with front matter: `_front(title="Ferry", expires="2025-06-01 18:00")`."""
    lines = [f"{name}: {value}" for name, value in {"date": "2025-05-01", **front}.items()]
    return "\n".join(("---", *lines, "---", "", "Text.", ""))


def _touched(service: Any) -> list[str]:
    """What a build of what is touched writes, as the daemon makes it."""
    built = service.regenerate(verify=False)
    return [one.path for one in built.publications if one.outcome == "written"]


def test_an_article_without_a_link_gets_a_page_that_feeds_lead_to(service: Any, told: Told) -> None:
    service.write("ferry.txt", told("Die Fähre fährt", Tags="sea"))

    service.sync()

    page = _page(service, "die-faehre-faehrt")
    assert '<link rel="canonical" href="https://news.example.org/a/die-faehre-faehrt/">' in page
    for announced in ("all/atom.xml", "sea/rss.xml"):
        assert f'href="https://news.example.org/{announced}"' in page
    assert b"https://news.example.org/a/die-faehre-faehrt/" in service.published("all/index.html")
    sidecars = {path.name for path in (service.public / "a" / "die-faehre-faehrt").iterdir()}
    assert sidecars == {f"index.html{ending}" for ending in ("", ".gz", ".br", ".zst")}
    assert not _leads(service)


def test_only_feeds_that_it_belongs_to_are_announced(service: Any, told: Told) -> None:
    service.write("land.txt", told("Hill"))

    service.sync()

    page = _page(service, "hill")
    assert "/all/atom.xml" in page
    assert "/sea/" not in page


def test_an_article_with_a_link_gets_none(service: Any, told: Told) -> None:
    service.write("ferry.txt", told("Ferry", Link="https://example.org/ferry"))

    service.sync()

    assert _pages(service) == set()


def test_dates_are_those_of_the_source(make: Callable[..., Any], told: Told) -> None:
    config = '\n[[source]]\nname = "far"\npath = "far"\ntimezone = "Asia/Tokyo"\n'
    service = make(config)
    (service.root / "far").mkdir()
    service.write("../far/dawn.txt", told("Dawn", "2025-05-01 08:00"))

    service.sync()

    assert 'datetime="2025-05-01T08:00:00+09:00"' in _page(service, "dawn")


# -- stable ----------------------------------------------------------------------------------------


def test_a_second_build_writes_nothing(service: Any, told: Told) -> None:
    service.write("ferry.txt", told("Ferry"))
    service.sync()
    before = service.snapshot()

    service.clock.tick(hours=1)
    service.regenerate()
    service.regenerate(everything=True)
    service.regenerate(verify=False)

    assert service.snapshot() == before


def test_a_page_is_the_same_whether_it_came_alone_or_with_all(
    make: Callable[..., Any], told: Told
) -> None:
    slowly, at_once = make(name="slowly"), make(name="at-once")
    for number in range(3):
        for service in (slowly, at_once):
            service.write(f"{number}.txt", told(f"Ferry {number}", f"2025-05-0{number + 1}"))
        slowly.sync()

    at_once.sync()

    assert _pages(slowly) == _pages(at_once) == {"ferry-0", "ferry-1", "ferry-2"}
    for slug in _pages(slowly):
        assert _page(slowly, slug) == _page(at_once, slug)


def test_an_edit_rewrites_its_page_and_no_other(service: Any, told: Told) -> None:
    for name in ("ferry", "bridge"):
        service.write(f"{name}.txt", told(name))
    service.sync()

    service.clock.tick(hours=1)
    service.write("ferry.txt", told("ferry", text="Late again."))
    service.sync(build=False)

    assert [path for path in _touched(service) if path.startswith("a/")] == ["a/ferry/index.html"]
    assert "Late again." in _page(service, "ferry")


def test_a_corrected_title_stays_at_its_address(service: Any, told: Told) -> None:
    service.write("ferry.txt", told("Färry"))
    service.sync()

    service.write("ferry.txt", told("Ferry"))
    service.sync()

    assert _pages(service) == {"faerry"}
    assert ">Ferry</h1>" in _page(service, "faerry")


def test_a_page_stays_when_its_article_slides_out_of_the_feed(
    make: Callable[..., Any], told: Told
) -> None:
    service = make('\n[[feed]]\nname = "all"\nlimit = 1\n')
    service.write("old.txt", told("Old", "2025-05-01"))
    service.sync()

    service.write("new.txt", told("New", "2025-05-02"))
    service.sync()
    before = _page(service, "old")
    service.write("old.txt", told("Old", "2025-05-01", text="Corrected."))
    service.sync()

    assert _pages(service) == {"old", "new"}
    assert "Corrected." not in before
    assert "Corrected." in _page(service, "old")


def test_a_run_without_news_looks_at_no_page(service: Any, told: Told) -> None:
    service.write("ferry.txt", told("Ferry"))
    service.sync()
    (service.public / "a" / "ferry" / "index.html").unlink()

    touched = _touched(service)

    assert touched == []
    assert not articles_due(service.app.press, service.clock.now())


# -- gone, and back --------------------------------------------------------------------------------


def test_a_withdrawn_article_is_gone_and_comes_back(service: Any, told: Told) -> None:
    service.write("quay.txt", told("Quay"))
    service.write("ferry.txt", told("Ferry"))
    service.sync()
    before = _page(service, "ferry")

    service.remove("ferry.txt")
    service.sync()
    gone, leads = _pages(service), _leads(service)
    service.write("ferry.txt", told("Ferry"))
    service.sync()

    assert (gone, leads) == ({"quay"}, {"ferry": None})
    assert not _leads(service)
    assert _page(service, "ferry") == before


@pytest.mark.parametrize("verdict", ["withdraw", "hide", "purge"])
def test_what_its_operator_takes_down_is_gone_at_once(
    service: Any, told: Told, verdict: str
) -> None:
    service.write("ferry.txt", told("Ferry"))
    service.write("quay.txt", told("Quay"))
    service.sync()
    store, now = service.app.store, service.clock.now()
    (guid,) = (one.guid for one in service.stored().values() if one.title == "Ferry")

    getattr(store, verdict)([guid], reason="asked", now=now)
    due = articles_due(service.app.press, now)
    service.regenerate(verify=False)
    gone, leads = _pages(service), _leads(service)
    service.sync()
    still = _pages(service)
    if verdict != "purge":  # nothing is left of what was purged
        store.restore([guid], now=now)
        service.regenerate(verify=False)

    assert due
    assert (gone, leads, still) == ({"quay"}, {"ferry": None}, {"quay"})
    assert _pages(service) == ({"quay"} if verdict == "purge" else {"quay", "ferry"})


def test_what_was_taken_down_does_not_come_back_with_an_old_copy_of_the_directory(
    service: Any, told: Told
) -> None:
    service.write("ferry.txt", told("Ferry"))
    service.write("quay.txt", told("Quay"))
    service.sync()
    (guid,) = (one.guid for one in service.stored().values() if one.title == "Ferry")
    copy = shutil.copytree(service.public, service.root / "copy")
    service.app.store.withdraw([guid], reason=None, now=service.clock.now())
    service.sync()

    shutil.rmtree(service.public)
    shutil.copytree(copy, service.public)
    service.sync()

    assert [path for path, text in readable(service.public).items() if "Ferry" in text] == []
    assert _pages(service) == {"quay"}


def test_pages_come_and_go_with_time(service: Any) -> None:
    service.write("early.md", _front(title="Early", expires="2025-06-01 18:00"))
    service.write("late.md", _front(title="Late", embargo="2025-06-01 20:00"))
    service.sync()
    seen = [_pages(service)]
    for _ in range(3):  # 15:00, 19:00 and 23:00 in Berlin
        service.clock.tick(hours=4 if len(seen) > 1 else 1)
        service.regenerate(verify=False)
        seen.append(_pages(service))

    assert seen == [{"early"}, {"early"}, set(), {"late"}]
    assert _leads(service) == {"early": None}


def test_what_time_does_is_known_beforehand(service: Any) -> None:
    service.write("ferry.md", _front(title="Ferry", expires="2025-06-02 18:00"))
    service.write("quay.md", _front(title="Quay", expires="2025-06-03 18:00"))

    service.sync()

    row = service.app.store.feed(PAGES)
    assert row.next_change.isoformat() == "2025-06-02T16:00:00+00:00"
    assert not articles_due(service.app.press, row.next_change - timedelta(seconds=1))
    assert articles_due(service.app.press, row.next_change)


def test_a_clock_that_was_wrong_takes_no_page_for_good(service: Any, told: Told) -> None:
    service.write("ferry.md", _front(title="Ferry", expires="2025-06-02 18:00"))
    service.sync()
    service.clock.tick(days=30)
    service.sync()
    ahead = _pages(service)

    service.clock.tick(days=-30)
    service.write("other.txt", told("Other"))
    service.sync()

    assert ahead == set()
    assert _pages(service) == {"ferry", "other"}


def test_a_removed_source_leaves_no_page(make: Callable[..., Any], told: Told) -> None:
    config = '\n[[source]]\nname = "far"\npath = "far"\n'
    service = make(config)
    (service.root / "far").mkdir()
    service.write("../far/dawn.txt", told("Dawn"))
    service.write("ferry.txt", told("Ferry"))
    service.sync()
    before = _pages(service)

    service.configure(DEFAULT_CONFIG)
    service.sync()

    assert before == {"dawn", "ferry"}
    assert _pages(service) == {"ferry"}
    assert _leads(service) == {"dawn": None}


# -- moved -----------------------------------------------------------------------------------------


def test_an_article_that_gets_a_link_moves_there_and_back(service: Any, told: Told) -> None:
    service.write("ferry.txt", told("Ferry"))
    service.sync()

    service.write("ferry.txt", told("Ferry", Link="https://example.org/ferry"))
    service.sync()
    moved, leads = _pages(service), _leads(service)
    service.write("ferry.txt", told("Ferry"))
    service.sync()

    assert (moved, leads) == (set(), {"ferry": "https://example.org/ferry"})
    assert _pages(service) == {"ferry"}
    assert not _leads(service)


@pytest.mark.parametrize("link", ["", "index.html", "#top"])
def test_a_link_to_its_own_page_leads_into_no_circle(service: Any, told: Told, link: str) -> None:
    service.write("ferry.txt", told("Ferry"))
    service.sync()

    service.write("ferry.txt", told("Ferry", Link=f"https://news.example.org/a/ferry/{link}"))
    service.sync()

    assert _pages(service) == {"ferry"}
    assert not _leads(service)


def test_another_slug_moves_the_page_and_every_former_address_follows(service: Any) -> None:
    for slug in ("one", "two", "three"):
        service.write("ferry.md", _front(title="Ferry", slug=slug))
        service.sync()

    assert _pages(service) == {"three"}
    assert _leads(service) == {"one": "a/three/", "two": "a/three/"}
    assert b"/a/three/" in service.published("all/atom.xml")


def test_all_addresses_of_a_withdrawn_article_are_gone_and_all_come_back(service: Any) -> None:
    service.write("quay.md", _front(title="Quay"))
    for slug in ("one", "two"):
        service.write("ferry.md", _front(title="Ferry", slug=slug))
        service.sync()

    service.remove("ferry.md")
    service.sync()
    leads = _leads(service)
    service.write("ferry.md", _front(title="Ferry", slug="two"))
    service.sync()

    assert leads == {"one": None, "two": None}
    assert _leads(service) == {"one": "a/two/"}
    assert _pages(service) == {"two", "quay"}


def test_a_page_that_moves_back_leads_nowhere_else(service: Any) -> None:
    for slug in ("one", "two", "one"):
        service.write("ferry.md", _front(title="Ferry", slug=slug))
        service.sync()

    assert _pages(service) == {"one"}
    assert _leads(service) == {"two": "a/one/"}


# -- private ---------------------------------------------------------------------------------------


def test_what_only_private_feeds_hold_has_no_page(make: Callable[..., Any], told: Told) -> None:
    service = make(PRIVATE)
    service.write("secret.txt", told("Secret", Tags="inner"))
    service.write("both.txt", told("Both", Tags="inner, open"))
    service.write("loose.txt", told("Loose"))

    service.sync()

    assert _pages(service) == {"both"}
    assert "inner" not in _page(service, "both").split("<style>")[0].replace(
        '<meta property="article:tag" content="inner">', ""
    ).replace('"keywords":["inner","open"]', "")


def test_what_becomes_private_is_gone(make: Callable[..., Any], told: Told) -> None:
    service = make(PRIVATE)
    service.write("one.txt", told("One", Tags="inner, open"))
    service.write("two.txt", told("Two", Tags="open"))
    service.sync()

    service.write("one.txt", told("One", Tags="inner"))
    service.write("two.txt", told("Two", Tags="none"))
    service.sync()

    # The one has left all feeds and is what it was; the other is now for some readers only.
    assert _pages(service) == {"two"}
    assert _leads(service) == {"one": None}


def test_a_feed_that_becomes_private_takes_its_pages_along(
    make: Callable[..., Any], told: Told
) -> None:
    service = make(PRIVATE.replace("private = true", ""))
    service.write("one.txt", told("One", Tags="inner"))
    service.sync()
    before = _pages(service)

    service.configure(DEFAULT_CONFIG + PRIVATE)
    service.sync()

    assert before == {"one"}
    assert _pages(service) == set()


# -- switched off, changed, damaged ----------------------------------------------------------------


def test_pages_are_taken_down_when_they_are_switched_off(
    make: Callable[..., Any], told: Told
) -> None:
    service = make()
    service.write("ferry.txt", told("Ferry"))
    service.sync()

    service.configure(DEFAULT_CONFIG + "\n[publish]\npages = false\n")
    service.sync()
    still = (service.public / "a").exists()
    feed = service.published("all/atom.xml")
    service.configure(DEFAULT_CONFIG)
    service.sync()

    assert not still
    assert b"/a/ferry/" not in feed
    assert _pages(service) == {"ferry"}
    assert b"/a/ferry/" in service.published("all/atom.xml")


def test_a_site_with_another_name_has_other_pages(make: Callable[..., Any], told: Told) -> None:
    service = make()
    service.write("ferry.txt", told("Ferry"))
    service.sync()

    service.configure(DEFAULT_CONFIG.replace("Harbour News", "Port Post"))
    service.regenerate(verify=False)

    assert "Port Post" in _page(service, "ferry")
    assert "Harbour News" not in _page(service, "ferry")


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda path: path.unlink(), id="deleted"),
        pytest.param(lambda path: path.write_bytes(b"tampered"), id="overwritten"),
        pytest.param(lambda path: shutil.rmtree(path.parent.parent), id="with-its-folder"),
        pytest.param(lambda path: path.with_name("index.html.br").unlink(), id="a-sidecar"),
    ],
)
def test_a_damaged_page_is_mended_by_hand(
    service: Any, told: Told, harm: Callable[[Any], object]
) -> None:
    service.write("ferry.txt", told("Ferry"))
    service.sync()
    before = {path: body for path, (_, body) in service.snapshot().items()}

    harm(service.public / "a" / "ferry" / "index.html")
    service.regenerate()

    assert {path: body for path, (_, body) in service.snapshot().items()} == before


def test_what_a_killed_run_left_of_a_page_goes_with_its_article(service: Any, told: Told) -> None:
    service.write("ferry.txt", told("Ferry"))
    service.write("quay.txt", told("Quay"))
    service.sync()
    # As if it was killed after the page was placed and before the ledger knew.
    service.app.store.drop_lines(["a/ferry/index.html"])

    service.remove("ferry.txt")
    service.sync()

    assert _pages(service) == {"quay"}


def test_what_is_in_the_way_of_one_page_holds_up_no_other(service: Any, told: Told) -> None:
    (service.public / "a").mkdir(parents=True)
    (service.public / "a" / "bridge").write_text("somebody's own")
    for name in ("bridge", "ferry", "quay", "tower", "yard"):
        service.write(f"{name}.txt", told(name))

    service.sync()
    row = service.app.store.feed(PAGES)
    stuck = _pages(service)
    (service.public / "a" / "bridge").unlink()
    service.clock.tick(minutes=6)
    due = articles_due(service.app.press, service.clock.now())
    service.regenerate(verify=False)

    assert stuck == {"ferry", "quay", "tower", "yard"}
    assert "cannot write" in row.held
    assert due
    assert _pages(service) == {"bridge", "ferry", "quay", "tower", "yard"}
    assert service.app.store.feed(PAGES).held is None


def test_nothing_is_lost_when_no_page_can_be_written(service: Any, told: Told) -> None:
    service.public.mkdir()
    (service.public / "a").write_text("somebody's own")
    for number in range(9):
        service.write(f"{number}.txt", told(f"Ferry {number}"))

    built = service.sync().build.publications
    row = service.app.store.feed(PAGES)
    (service.public / "a").unlink()
    service.clock.tick(minutes=6)
    service.regenerate(verify=False)

    held = [one.path for one in built if one.outcome == "held"]
    assert len(held) == 3  # not one attempt for each of thousands
    assert "cannot write" in row.held
    assert len(_pages(service)) == 9


def test_a_page_that_cannot_be_made_is_named_and_the_others_go_out(
    service: Any, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    from feedsvc.feeds import article_page

    page = article_page._article

    def fails(facts: Any, zone: Any) -> str:
        if facts.title == "Ferry":
            raise ValueError("no page for this")
        return page(facts, zone)

    service.write("ferry.txt", told("Ferry"))
    service.write("quay.txt", told("Quay"))
    with monkeypatch.context() as broken:
        broken.setattr(article_page, "_article", fails)
        service.sync()
        stuck = _pages(service)
        (problem,) = service.app.store.feed(PAGES).left_out
    service.write("ferry.txt", told("Ferry", text="Another text."))
    service.sync()

    assert stuck == {"quay"}
    assert "no page for this" in problem.reason
    assert _pages(service) == {"ferry", "quay"}
    assert service.app.store.feed(PAGES).left_out == ()


def test_where_a_page_that_moves_cannot_be_made_the_old_one_stays(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from feedsvc.feeds import article_page

    def fails(*_: Any) -> str:
        raise ValueError("no page for this")

    service.write("ferry.md", _front(title="Ferry", slug="one"))
    service.sync()
    service.write("ferry.md", _front(title="Ferry", slug="two"))
    with monkeypatch.context() as broken:
        broken.setattr(article_page, "_article", fails)
        service.sync()
        stuck = _pages(service), _leads(service)
    service.write("ferry.md", _front(title="The ferry", slug="two"))
    service.sync()

    assert stuck == ({"one"}, {})
    assert (_pages(service), _leads(service)) == ({"two"}, {"one": "a/two/"})


def test_a_check_writes_nothing(service: Any, told: Told) -> None:
    service.write("ferry.txt", told("Ferry"))
    service.write("tower.txt", told("Tower"))
    service.sync()
    service.remove("ferry.txt")
    service.write("quay.txt", told("Quay"))
    service.sync(build=False)
    before = service.snapshot()

    service.app.regenerate(BuildOptions(check=True))

    assert service.snapshot() == before


def test_many_pages_are_built_some_at_a_time(service: Any, told: Told) -> None:
    for number in range(450):
        service.write(f"{number}.txt", told("Update", f"2025-05-{number % 28 + 1:02}"))
    heard: list[tuple[str, int, int]] = []
    service.configure(DEFAULT_CONFIG + '\n[[feed]]\nname = "all"\nlimit = 500\n')
    service.sync(build=False)

    service.app.regenerate(BuildOptions(), lambda *told: heard.append(told))

    assert _pages(service) == {"update", *(f"update-{number}" for number in range(2, 451))}
    assert [one for one in heard if one[0] == "pages of articles"] == [
        ("pages of articles", done, 450) for done in (0, 200, 400)
    ]
