"""The check of the built site finds dead links, and what is loaded from outside."""

import importlib.util
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[1] / "docs" / "check_site.py"
GOOD = (
    '<a href="folder/other.html#place">1</a><a href="#here">2</a><a href="https://a.org/b">3</a>'
    '<a href="folder/">4</a><p id="here"><img src="picture.png">'
)
BAD = {
    '<a href="none.html"></a>': "missing",
    '<img srcset="picture.png, none.png 2x">': "missing",
    '<a href="../outside.html"></a>': "missing",
    '<a href="folder/other.html#none"></a>': "no such anchor",
    '<a href="#none"></a>': "no such anchor",
    '<a href="file:///index.html"></a>': "absolute path",
    '<script src="https://cdn.org/x.js"></script>': "loaded from outside",
    '<link rel="stylesheet" href="//cdn.org/x.css">': "loaded from outside",
    '<img src="http://a.org/x.png">': "loaded from outside",
    '<iframe srcdoc="&lt;script src=&quot;none.js&quot;&gt;&lt;/script&gt;"></iframe>': "missing",
}


@pytest.fixture(scope="module")
def check():
    spec = importlib.util.spec_from_file_location("check_site", CHECK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site" / "folder"
    folder.mkdir(parents=True)
    (tmp_path / "outside.html").touch()
    (folder / "index.html").touch()
    (folder / "other.html").write_text('<h1 id="place">')
    (folder.parent / "picture.png").touch()
    (folder.parent / "index.html").write_text(GOOD)
    return folder.parent


def test_a_good_site(check, site, capsys):
    assert not check.main(site)
    assert "3 pages, 0 problems" in capsys.readouterr().out


@pytest.mark.parametrize(("html", "reason"), BAD.items(), ids=BAD)
def test_bad_links(check, site, html, reason):
    (site / "index.html").write_text(GOOD + html)
    found = list(check.problems(site))
    assert len(found) == 1
    assert found[0].endswith(reason)


def test_fonts_of_styles(check, site):
    (site / "site.css").write_text('@import "https://a.org/b.css"; a {background: url(none.woff)}')
    reasons = [line.rpartition(": ")[2] for line in check.problems(site)]
    assert reasons == ["loaded from outside", "missing"]


def test_nothing_built(check, tmp_path):
    assert check.main(tmp_path)
