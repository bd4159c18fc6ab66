"""A sentence that takes a side stands only while its finding bears it."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import verdicts

from cocofacet.report.findings import Finding, as_table

ROOT = Path(__file__).parents[2]
CONF = """
import sys
sys.path.insert(0, "ext")
extensions = ["myst_parser", "verdicts"]
"""


PAGE = """# A page

A question helps. {holds}`prompted.gain`

It does not. {fails}`prompted.gain`

Nobody knows. {undecided}`prompted.gain`

Something helps. {holds}`prompted.gone`
"""


def test_the_build_fails_and_names_the_sentences_that_no_finding_bears(tmp_path):
    gain = Finding("prompted − general", "Recall@1, macro", 0.2, 0.1, 0.3)
    results = tmp_path / "results/mini/default"
    results.mkdir(parents=True)
    as_table({"gain": gain}).to_csv(results / "prompted.findings.csv")
    (tmp_path / "ext").mkdir()
    shutil.copy(ROOT / "book/_ext/verdicts.py", tmp_path / "ext")
    (tmp_path / "conf.py").write_text(CONF)
    (tmp_path / "index.md").write_text(PAGE)
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", ".", "html"]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    complaints = [line for line in done.stderr.splitlines() if "WARNING" in line]
    expected = {5: ("fails", "holds"), 7: ("undecided", "holds")}
    expected[9] = ("holds", "no such finding")
    assert len(complaints) == len(expected)
    for line, (number, (said, found)) in zip(complaints, expected.items(), strict=True):
        assert f"index.md:{number}: " in line
        assert f"said to be: {said}; found: {found}. The sentence: " in line
        assert PAGE.splitlines()[number - 1] in line
    words = (tmp_path / "html/index.html").read_text()
    assert "A question helps." in words and "prompted.gain" not in words


@pytest.mark.parametrize(("changed", "read"), [(set(), []), ({"notebooks/b"}, "ab")])
def test_a_page_is_read_again_when_any_notebook_has_changed(changed, read):
    env = SimpleNamespace(all_docs=["book/a", "book/api/c", "notebooks/b"])
    again = verdicts.read_again(None, env, set(), changed, set())
    assert [page[-1] for page in again] == [*read]
