# SPDX-License-Identifier: Apache-2.0
"""mohr policy: files for all users, merged only into our own."""
import json
import os
import pathlib
import subprocess

import pytest
from harness import as_user, private_directory

FILES = {"chromium": "etc/chromium/policies/managed/mohr.json", "chrome": "etc/opt/chrome/policies/managed/mohr.json",
         "edge": "etc/opt/edge/policies/managed/mohr.json", "firefox": "etc/firefox/policies/policies.json"}
SITE, OTHER = "https://portal.example", "https://bank.example:8443"
SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "config/policies"


@pytest.fixture
def policy(build):
    with private_directory() as root:
        def run(*arguments, code=0, root=root):
            command = as_user([str(build / "cli/mohr"), "policy", *arguments, *(["--root", str(root)] if root else [])])
            result = subprocess.run(command, capture_output=True, text=True, timeout=60,
                                    env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent"}, cwd="/")
            assert result.returncode == code, result.stdout + result.stderr
            return result.stdout + result.stderr
        run.root = root
        yield run


def test_install_merge_remove(policy):
    """policy install writes what config/policies has, merges further sites, and remove takes one or all away [R191]"""
    policy("install", "--site", SITE)
    for browser, path in FILES.items():
        (shipped,) = (SHIPPED / browser).iterdir()
        assert (policy.root / path).read_text() == shipped.read_text(), browser
        assert (policy.root / path).stat().st_mode & 0o777 == 0o644
        assert (policy.root / path).parent.stat().st_mode & 0o777 == 0o755
    policy("install", "--browser", "chrome", "--site", OTHER, "--site", SITE)
    chrome = policy.root / FILES["chrome"]
    assert sorted(json.loads(chrome.read_text())["LoopbackNetworkAllowedForUrls"]) == [OTHER, SITE]
    assert json.loads((policy.root / FILES["edge"]).read_text())["LoopbackNetworkAllowedForUrls"] == [SITE]
    policy("remove", "--site", SITE)
    assert json.loads(chrome.read_text()) == {"LoopbackNetworkAllowedForUrls": [OTHER]}
    assert not (policy.root / FILES["edge"]).exists()
    policy("remove")
    assert not any(path.is_file() for path in policy.root.rglob("*"))


def test_foreign_files(policy):
    """a policy file that is not ours is never touched, and what to add by hand is said"""
    for browser, text in (("firefox", '{"policies": {"DisableTelemetry": true}}'), ("firefox", "{ not json"), ("chromium", '{"HomepageLocation": "https://x"}')):
        path = policy.root / FILES[browser]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if os.getuid() == 0:
            for made in [path, *path.parents]:
                if made.is_relative_to(policy.root):
                    os.chown(made, *((path.stat().st_uid, -1) if made == path else (policy.root.stat().st_uid, policy.root.stat().st_gid)))
        assert "portal.example" in policy("install", "--browser", browser, "--site", SITE, code=9)
        policy("remove", "--browser", browser)
        assert path.read_text() == text


def test_status_and_conflicts(policy):
    """policy status shows the sites, and another file that decides about the same permission"""
    policy("install", "--browser", "edge", "--site", SITE)
    other = (policy.root / FILES["edge"]).with_name("zz-company.json")
    other.write_text('{"LoopbackNetworkBlockedForUrls": ["*"]}')
    found = {entry["browser"]: entry for entry in json.loads(policy("status", "--json"))["policies"]}
    assert found["edge"]["state"] == "installed" and found["edge"]["sites"] == [SITE] and found["edge"]["inTheWay"] == [str(other)]
    assert found["chrome"]["state"] == "absent"


def test_needs_root(policy):
    """without root the very command for sudo is said, and nothing is written"""
    if os.getuid() == 0:
        answer = policy("install", "--browser", "chrome", "--site", SITE, code=1, root=None)
        assert f"sudo mohr policy install --browser chrome --site {SITE}" in answer
    for wrong in ("http://portal.example", "portal.example", "https://Portal.example", "https://portal.example/path", "https://*"):
        policy("install", "--site", wrong, code=2)
    assert not any(policy.root.iterdir())
