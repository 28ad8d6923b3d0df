"""docs/serving.md is run: every command of it, in its order."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from twelvelead.service.filling import of_demo
from twelvelead.service.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("openssl") is None, reason="no curl or openssl here")
def test_every_command_of_the_page_does_what_it_says(tmp_path):
    commands = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        commands = commands.replace("8443", str(free.getsockname()[1]))
    program = tmp_path / "bin" / "twelvelead"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m twelvelead "$@"\n')
    program.chmod(0o755)
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "ecg.xml").write_bytes(of_demo()[0].content)
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "TWELVELEAD_WORKERS": "1"}
    script = "set -euo pipefail\nexport OMP_NUM_THREADS=1\n" + commands
    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            said, _ = running.communicate(timeout=900)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
    assert running.returncode == 0, said + (tmp_path / "service.log").read_text()
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "kept.pdf").read_bytes().startswith(b"%PDF")
    assert '"signed":true' in said
    assert "rows, whole" in said
    assert (tmp_path / "restored" / "objects").is_dir()


def test_the_table_of_settings_is_whole():
    table = PAGE.split("| setting |")[1].split("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines()[2:]))) == set(
        Settings.model_fields
    )


def test_the_table_of_promises_names_tests_that_there_are():
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) > 15
    for row in rows:
        for name, words in re.findall(r"`((?:tests/)?[\w/]+\.py)`(?:: ([\w ]+))?", row[2]):
            places = (Path(__file__).parents[2], Path(__file__).parent, Path(__file__).parents[1] / "gateway")
            file = next(place / name for place in places if (place / name).is_file())
            text = file.read_text(encoding="utf-8")
            first = words.strip().lower().replace(" ", "_")
            assert re.search(rf"def test_\w*{first}", text), (name, words)
