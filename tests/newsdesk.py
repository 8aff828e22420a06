"""A newsroom that does whatever comes to its mind, and everything that has to hold then.

Every text holds marks: `q<article>v<version>q` in words that are read, `t<article>v<version>t` in
titles, of which addresses of pages are made. So whatever is published tells whose words it holds,
and of which version.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lxml import etree

from feedsvc.gate import check
from feedsvc.model import Article, Format, State
from feedsvc.regenerate import BuildReport, due_feeds, others_due
from feedsvc.regenerate.sitemaps import SITEMAP
from tests.support import FrozenClock, Service, readable
from tests.walker import ATOM, Page, merged, walk

BASE = "https://news.example.org"
SIDECARS = (".gz", ".br", ".zst")
ELSEWHERE = re.compile(r"x[0-9]+")  # pages on our host that are not ours
TWINS = (2, 3, 6, 7)  # of each pair one is in either source
INDEX = ".feedsvc/serving.json"  # for our own server, which does not give it away

_FORMATS = {"atom.xml": "atom", "rss.xml": "rss", "feed.json": "json", "opml.xml": "opml"}
_WORDS = re.compile(r"[qt][0-9]+v[0-9]+[qt]")
_SLUG = re.compile(r"(?<![A-Za-z0-9_-])a/([a-z0-9-]+)/")
_OWN = re.compile(rf"{BASE}(/[^\s\"'<>\\)]*)")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the configuration says."""

    all: str = "all"  # the name of the feed that holds everything for everybody
    inner: str = "inner"  # that of those with a key
    topics: str = "group"  # | plain | none
    title: str = "Tides"
    limit: int = 3
    tags: tuple[str, ...] = ()
    archive: bool = True
    private: bool = True
    pages: bool = True
    sitemap: bool = True

    def text(self) -> str:
        """As TOML."""
        group = (
            '[[feed]]\nname = "topics"\narchive = true\npage_size = 3\nlimit = 4\n'
            'exclude_tags = ["inner"]\ndeleted_entries = true\n'
            + ('per = "tag"\n' if self.topics == "group" else "")
        )
        tags = f"tags = {list(self.tags)}\n" if self.tags else ""
        return "\n".join(
            [
                f'[site]\ntitle = "Harbour News"\nbase_url = "{BASE}"\nlanguage = "en"\n'
                'timezone = "Europe/Berlin"\nid_domain = "news.example.org"\n'
                'id_since = "2025-01-01"\n',
                f"[publish]\npages = {_toml(self.pages)}\nsitemap = {_toml(self.sitemap)}\n",
                '[[source]]\nname = "desk"\npath = "articles"\n',
                '[[source]]\nname = "wire"\npath = "wire"\ntitle = "The Wire"\n',
                f'[[feed]]\nname = "{self.inner}"\ntitle = "q0v0q for the crew"\n'
                f"private = {_toml(self.private)}\n"
                'tags = ["inner", "crew"]\narchive = true\nlimit = 3\n',
                f'[[feed]]\nname = "{self.all}"\ntitle = "{self.title}"\nlimit = {self.limit}\n'
                f"archive = {_toml(self.archive)}\n"
                f'{"page_size = 3" if self.archive else ""}\nexclude_tags = ["inner"]\n',
                *([] if self.topics == "none" else [group]),
                '[[feed]]\nname = "days"\ndigest = "daily"\nlimit = 3\nexclude_tags = ["inner"]\n',
                f'[[feed]]\nname = "sea"\nlimit = 4\nmatch = "tide"\n{tags}'
                'exclude_tags = ["inner"]\ndeleted_entries = true\n',
                '[[feed]]\nname = "few"\nlimit = 4\nmax_per_source = 2\nsince = "9d"\n'
                'exclude_tags = ["inner"]\n',
            ]
        )

    @property
    def archived(self) -> dict[str, Callable[[Article], bool]]:
        """The feeds with an archive, and what they hold."""
        found = {self.inner: lambda one: bool({"inner", "crew"} & _tags(one))}
        return found | ({self.all: lambda one: "inner" not in _tags(one)} if self.archive else {})


def _toml(value: bool) -> str:
    return str(value).lower()


@dataclass
class Newsdesk:
    """A service, what it was told, and what was seen of it so far."""

    service: Service
    plan: Plan = field(default_factory=Plan)
    texts: dict[int, dict[str, Any]] = field(default_factory=dict)  # that have a file
    renamed: dict[int, int] = field(default_factory=dict)  # how often
    versions: dict[int, int] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)  # ids of what its operator took down
    redefined: bool = False  # the configuration or the keys are others since the last build
    _edited: set[int] = field(default_factory=set)  # since the last sync
    _moving: set[int] = field(default_factory=set)
    _updated: dict[str, datetime] = field(default_factory=dict)
    _feed_ids: dict[str, str] = field(default_factory=dict)
    _entry_ids: dict[str, str] = field(default_factory=dict)
    _pages: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.service.root / "wire").mkdir(exist_ok=True)
        self.configure()

    @property
    def now(self) -> datetime:
        return self.service.clock.now()

    # -- what people do --------------------------------------------------------------------------

    def configure(self, **values: Any) -> None:
        """Another configuration."""
        self.plan = replace(self.plan, **values)
        self.service.configure(self.plan.text())
        self.redefined = True

    def write(self, number: int, **said: Any) -> None:
        """Write an article, new or anew."""
        if number not in self._moving:
            self.texts[number] = said
            self._save(number)

    def edit(self, number: int, **said: Any) -> None:
        """Change single things of an article."""
        if number in self.texts and number not in self._moving:
            self.texts[number] |= said
            self._save(number)

    def rename(self, number: int) -> None:
        """Give its file another name; if its words are others as well, it is another article."""
        if number in self.texts and number not in self._moving | self._edited:
            self._moving.add(number)
            old = self._path(number)
            self.renamed[number] = self.renamed.get(number, 0) + 1
            old.rename(self._path(number))

    def delete(self, number: int) -> None:
        """Delete its file."""
        if self.texts.pop(number, None) is not None:
            self._path(number).unlink()

    def _path(self, number: int) -> Path:
        folder = "articles" if number % 3 else "wire"
        return self.service.root / folder / f"s{number}{'x' * self.renamed.get(number, 0)}.md"

    def _save(self, number: int) -> None:
        said = self.texts[number]
        self._edited.add(number)
        self.versions[number] = self.versions.get(number, 0) + 1
        mark = f"{number}v{self.versions[number]}"
        title = f"t{mark}t at the {said['word']}" if said["titled"] else f"The {said['word']}"
        front = {
            "title": title,
            "date": (self.now + said["date"]).strftime("%Y-%m-%d %H:%M"),
            "tags": f"[{', '.join(said['tags'])}]",
        }
        for name in ("embargo", "expires"):
            if said[name] is not None:
                front[name] = f"{self.now + said[name]:%Y-%m-%d %H:%MZ}"
        for name in ("link", "slug"):
            if said[name]:
                front[name] = said[name].format(number)
        if number in TWINS:  # told by both sources under one id
            front["id"] = f"https://id.example.org/{number // 2}"
        lines = ("---", *(f"{name}: {value}" for name, value in front.items()), "---")
        text = "\n".join((*lines, "", f"Words q{mark}q of the {said['word']}.", ""))
        self.service.write(f"../{self._path(number).relative_to(self.service.root)}", text)

    def judge(self, verdict: str, number: int) -> None:
        """A verdict of the operator on an article."""
        guid = self._guid(number)
        store = self.service.app.store
        if guid is None or (guid in self.purged and verdict == "restore"):
            return
        if verdict == "restore":
            done = store.restore([guid], now=self.now)
            self.down -= {one.guid for one in done}
        else:
            done = getattr(store, verdict)([guid], reason="so it was asked", now=self.now)
            self.down |= {one.guid for one in done}

    @property
    def purged(self) -> set[str]:
        return {one.guid for one in self._stored() if one.guid in self.down and not one.title}

    def _guid(self, number: int) -> str | None:
        """The id of an article, if the last sync has read it."""
        mark = re.compile(rf"q{number}v[0-9]+q")
        return next((one.guid for one in self._stored() if mark.search(one.html)), None)

    def _stored(self) -> tuple[Article, ...]:
        return tuple(self.service.app.store.list_articles(now=self.now))

    def move(self, which: str, new: str) -> None:
        """`feedsvc feed move`, which is killed before it builds."""
        old = getattr(self.plan, which)
        if old != new:
            self.service.app.store.intend(f"{old}/", f"{new}/", self.now)
            self.configure(**{which: new})
            for known in (self._updated, self._feed_ids):
                for path in [path for path in known if path.startswith(f"{old}/")]:
                    known[new + path[len(old) :]] = known.pop(path)  # type: ignore[assignment]

    def keys(self) -> tuple[str, ...]:
        return self.service.app.store.tokens(self.plan.inner)

    def issue(self) -> None:
        """A new key to the private feed."""
        self.service.app.store.issue_token(self.plan.inner, None, self.now)
        self.redefined = True

    def revoke(self, number: int) -> None:
        """Take one back."""
        keys = self.keys()
        if keys:
            key = keys[number % len(keys)]
            self.service.app.store.revoke_token(self.plan.inner, key, self.now)
            self.redefined = True

    # -- builds ----------------------------------------------------------------------------------

    def publish(self, how: str) -> None:
        """Sync, and build in one of the ways there are."""
        service = self.service
        service.sync(build=False, force=True, trust_loss=True)
        self._edited, self._moving = set(), set()
        self._forget_the_gone()
        if how == "daemon" and not self.redefined:
            twin = self._copied()
            self._touched_build()
            if service.app.store.feed(SITEMAP).retry_at is not None:
                # Nothing but the date of a page differs there: that is told once in a while.
                twin.regenerate()
                twin.clock.tick(minutes=2)
                service.clock.tick(minutes=2)
                self._touched_build()
            twin.regenerate()
            own, whole = _bytes(service), _bytes(twin)
            differs = {
                path for path in own.keys() | whole.keys() if own.get(path) != whole.get(path)
            }
            assert not differs, f"a build of what is touched leaves out {sorted(differs)}"
            twin.restart()
        elif how == "sync":
            service.restart()
            report = service.sync()
            assert report.build is not None
            _all_went_out(report.build)
        else:
            if how == "one-by-one":
                for feed in service.app.settings.feeds:
                    service.regenerate(feeds=(feed.name,))
            _all_went_out(service.regenerate())

    def _forget_the_gone(self) -> None:
        """What has no file is known by what its id was minted from, not by where it lay last.

        So a file with other words is another article there, if the one that went had its id of a
        link, or of a path that it had left.
        """
        for number in range(1, 9):
            mark, stem = f"q{number}", self._path(number).stem
            if number in self.texts or self._entry_ids.get(mark, "").endswith(f"/{stem}"):
                continue
            if number not in TWINS:
                self._entry_ids.pop(mark, None)

    def _touched_build(self) -> None:
        app = self.service.app
        for _ in range(2):  # what one build marks is built at the next tick
            due = due_feeds(app.store, app.settings.feeds, self.now)
            if due or others_due(app.press, self.now):
                _all_went_out(self.service.regenerate(feeds=due, verify=False))

    def _copied(self) -> Service:
        self.service.restart()
        root = self.service.root.with_name("twin")
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.service.root, root)
        return Service(root, FrozenClock(self.now))

    # -- what has to hold --------------------------------------------------------------------------

    def look(self) -> None:
        """Everything that has to hold after every build."""
        files = self.service.snapshot()
        texts = readable(self.service.public)
        shown = [one for one in self._stored() if self._is_shown(one)]
        assert not self.down & {one.guid for one in shown}
        self._ledger_agrees(files)
        self._is_valid(files)
        self._only_words_of_now(texts, shown)
        self._secrets_are_kept(texts, shown)
        self._addresses_lead_somewhere(texts)
        self._times_and_ids(files)
        for feed, holds in self.plan.archived.items():
            self._walk_is_whole(feed, {one.guid for one in shown if holds(one)})
        self._closed_pages_stay(files)
        self.redefined = False

    def look_again(self) -> None:
        """Nothing is written by another build; all that is built anew is the same."""
        files = self.service.snapshot()
        _all_went_out(self.service.regenerate())
        differs = _differing(files, self.service.snapshot())
        assert not differs, f"built for nothing: {differs}"
        _all_went_out(self.service.regenerate(everything=True))
        differs = _differing(files, self.service.snapshot())
        assert not differs, f"built for nothing: {differs}"

    def _is_shown(self, one: Article) -> bool:
        going = one.expires is None or one.expires > self.now
        return one.state_at(self.now) is State.PUBLISHED and going

    def _ledger_agrees(self, files: dict[str, tuple[int, bytes]]) -> None:
        ledger = self.service.app.store.ledger()
        recorded = {
            path
            for line in ledger.values()
            for path in (line.path, *(line.path + ending for ending in line.sidecars))
        }
        strays = recorded ^ (files.keys() - {INDEX})
        assert not strays, f"ledger and folder differ by {sorted(strays)}"
        unlike = [line.path for line in ledger.values() if not self._lies(line)]
        assert not unlike, f"not as the ledger has them: {unlike}"

    def _lies(self, line: Any) -> bool:
        return self.service.app.press.publisher.lies(line)

    def _is_valid(self, files: dict[str, tuple[int, bytes]]) -> None:
        for path, (_, body) in files.items():
            if path == INDEX or path.endswith(SIDECARS):
                continue
            name = path.rpartition("/")[2]
            format = "sitemap" if name.startswith("sitemap") else _FORMATS.get(name, "html")
            found = check(body, format, url=f"{BASE}/{path}", now=self.now)
            assert [one for one in found if one.error] == [], path

    def _only_words_of_now(self, texts: dict[str, str], shown: list[Article]) -> None:
        """No word of what is not shown, or was said before, in any file however it is packed."""
        words = {w for one in shown for w in _WORDS.findall(one.title + one.html)} | {"q0v0q"}
        slugs = set(self.service.app.store.slugs_of(range(1, 1_000)).values())
        for path, text in texts.items():
            if path == INDEX:
                continue
            strange = set(_WORDS.findall(_SLUG.sub("", text))) - words
            strange |= set(_SLUG.findall(text)) - slugs
            assert not strange, f"{path} tells of {strange}"

    def _secrets_are_kept(self, texts: dict[str, str], shown: list[Article]) -> None:
        if not self.plan.private:
            return
        secret = {
            w
            for one in shown
            if "inner" in _tags(one)
            for w in _WORDS.findall(one.title + one.html)
        }
        secret |= {"q0v0q", *self.keys()}
        folders = {path.split("/")[1] for path in texts if path.startswith(f"{self.plan.inner}/")}
        assert folders == set(self.keys())
        for path, text in texts.items():
            if path != INDEX and not path.startswith(f"{self.plan.inner}/"):
                assert [word for word in secret if word in text] == [], path
                assert f"{BASE}/{self.plan.inner}/" not in text, path

    def _addresses_lead_somewhere(self, texts: dict[str, str]) -> None:
        """Every address of ours in a document is that of a file, or led there by our server."""
        elsewhere = json.loads(texts[INDEX])["elsewhere"]
        for path, text in texts.items():
            if path == INDEX or path.endswith(SIDECARS):
                continue
            for found in _OWN.findall(text):
                asked = found.replace("&amp;", "&").partition("#")[0][1:]
                if ELSEWHERE.fullmatch(asked):
                    continue
                asked = f"{asked}index.html" if asked == "" or asked.endswith("/") else asked
                assert asked in texts or asked in elsewhere, f"{path} leads to {found}"

    def _times_and_ids(self, files: dict[str, tuple[int, bytes]]) -> None:
        newest: dict[str, datetime] = {}
        ids: dict[str, str] = {}
        for path, (_, body) in files.items():
            if path.endswith("feed.json"):
                self._entry_ids_stay(path, json.loads(body)["items"])
            if not path.endswith("atom.xml"):
                continue
            key = self._without_key(path)
            root = etree.fromstring(body)
            newest[key] = datetime.fromisoformat(root.findtext(f"{ATOM}updated") or "")
            ids[key] = root.findtext(f"{ATOM}id") or ""
            entries = [one.findtext(f"{ATOM}updated") for one in root.iterfind(f"{ATOM}entry")]
            assert all(datetime.fromisoformat(one or "") <= newest[key] for one in entries), path
            assert all(datetime.fromisoformat(one or "") <= self.now for one in entries), path
        for key in newest.keys() & self._updated.keys():
            if self.redefined and "/archive/" in key:
                continue  # an archive that was off for a while begins anew
            assert newest[key] >= self._updated[key], f"{key} goes back"
            assert ids[key] == self._feed_ids[key], f"{key} has another id"
        self._updated, self._feed_ids = newest, ids

    def _without_key(self, path: str) -> str:
        """A path of a private feed without its key; all of them say the same."""
        for key in self.keys():
            path = path.replace(f"/{key}/", "/")
        return path

    def _entry_ids_stay(self, path: str, items: list[dict[str, Any]]) -> None:
        assert len({item["id"] for item in items}) == len(items), path
        for item in items:
            (mark, *more) = {w.partition("v")[0] for w in _WORDS.findall(item["content_html"])}
            if not (more or path.startswith("days/")):
                known = self._entry_ids.setdefault(mark, item["id"])
                assert known == item["id"], f"{mark} has another id"

    def _walk_is_whole(self, feed: str, expected: set[str]) -> None:
        folders = [feed]
        if feed == self.plan.inner and self.plan.private:
            folders = [f"{feed}/{key}" for key in self.keys()]
        for folder in folders:
            for format in Format:
                newest, *pages = self._walked(f"{BASE}/{folder}/{format.filename}")
                assert merged(iter([newest, *pages])).keys() == expected, folder
                listed = [entry.id for page in pages for entry in page.entries]
                assert len(listed) == len(set(listed)), f"twice in the archive of {folder}"
                assert all(len(page.entries) <= 3 for page in pages)

    def _walked(self, url: str) -> list[Page]:
        return list(walk(url, lambda url: self.service.published(url.removeprefix(f"{BASE}/"))))

    def _closed_pages_stay(self, files: dict[str, tuple[int, bytes]]) -> None:
        """A page is the file it was, unless what it holds differs or its feed is another one."""
        pages = {path: file for path, file in files.items() if "/archive/" in path}
        for path in pages.keys() & self._pages.keys():
            if path.endswith("atom.xml") and not self.redefined:
                before, after = self._pages[path], pages[path]
                if _entries(before[1]) == _entries(after[1]):
                    assert before == after, f"{path} was written for nothing"
        if not self.redefined:
            assert self._pages.keys() <= pages.keys(), "a closed page has gone"
        self._pages = pages


def _tags(one: Article) -> set[str]:
    return {each.casefold() for each in one.tags}


def _entries(body: bytes) -> list[bytes]:
    return [etree.tostring(one) for one in etree.fromstring(body).iterfind(f"{ATOM}entry")]


def _bytes(service: Service) -> dict[str, bytes]:
    return {path: body for path, (_, body) in service.snapshot().items()}


def _differing(
    before: dict[str, tuple[int, bytes]], after: dict[str, tuple[int, bytes]]
) -> list[str]:
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )


def _all_went_out(report: BuildReport) -> None:
    held = [(one.path, one.reason) for one in report.publications if one.outcome == "held"]
    assert held == []
    assert report.left_out == ()


DAY = timedelta(days=1)
