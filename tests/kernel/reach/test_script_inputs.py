"""Scripts among the inputs of actions: what they bring in, where they run, and what they are given."""

from __future__ import annotations

from pathlib import Path

from tests.kernel.reach.small_trees import edge, job, said

DIGEST = "sha256:" + "ab" * 32


def test_a_container_that_mounts_the_workspace_is_not_contained(tmp_path: Path) -> None:
    reach = job(
        tmp_path,
        """
        - uses: actions/checkout@v4
        - uses: addnab/docker-run-action@v3
          with:
            image: files.example/rust:lts
            options: -v ${{ github.workspace }}:/build -w /build
            run: |
              set -e
              curl https://sh.example/install | bash
              bash ci/build.sh
        - run: cat x
          env: {KEY: "${{ secrets.KEY }}"}
        """,
        **{"ci/build.sh": "npm install foo\n"},
    )
    assert said(reach, "sh.example", "KEY") == ("R3 R4", "strong")
    assert said(reach, "image:files.example/rust", "GITHUB_TOKEN") == ("R0 R2", "certain")
    found = edge(reach, "npm install foo", "KEY")
    assert found is not None
    assert found.code.path == "ci/build.sh"
    script = edge(reach, "sh.example", "KEY")
    assert script is not None
    assert script.code.line == 15


def test_a_container_without_mounts_is_given_its_variables_only(tmp_path: Path) -> None:
    reach = job(
        tmp_path,
        f"""
        - uses: addnab/docker-run-action@v3
          env:
            KEY: ${{{{ secrets.KEY }}}}
            OTHER: ${{{{ secrets.OTHER }}}}
          with:
            image: files.example/rust@{DIGEST}
            options: -e KEY
            run: npm install foo
        """,
    )
    assert said(reach, "npm install foo", "KEY") == ("R11", "conditional")
    assert said(reach, "npm install foo", "OTHER") == ("", "")
    assert said(reach, "docker-run-action", "OTHER") == ("R1 R4", "certain")
    assert {str(code.pin) for _, code in reach.codes if code.kind == "image"} == {"sha"}


def test_another_processor_runs_its_setup_on_the_runner(tmp_path: Path) -> None:
    reach = job(
        tmp_path,
        """
        - uses: somebody/run-on-arch-action@v3
          with:
            setup: pip install outside
            env: |
              KEY: ${{ secrets.KEY }}
            install: apt-get install -y inside
            run: make
        """,
    )
    assert said(reach, "pip install outside", "KEY") == ("R1 R4", "certain")
    assert said(reach, "apt-get install inside", "KEY") == ("R11", "conditional")
    assert said(reach, "apt-get install inside", "GITHUB_TOKEN") == ("", "")


def test_a_machine_of_its_own_publishes_all_the_same(tmp_path: Path) -> None:
    reach = job(
        tmp_path,
        """
        - uses: vmactions/freebsd-vm@v1
          env: {NODE_AUTH_TOKEN: "${{ secrets.NPM }}"}
          with:
            envs: NODE_AUTH_TOKEN CI
            prepare: pkg install -y node
            run: npm publish
        - uses: vmactions/notify@v1
          with: {run: pip install nothing}
        """,
        **{"package.json": "{}"},
    )
    assert said(reach, "pkg install node", "NPM") == ("R11", "conditional")
    assert said(reach, "freebsd-vm", "npm") == ("R9", "integrity")
    assert edge(reach, "pip install", "NPM") is None


def test_a_command_that_is_tried_again_runs_in_the_job(tmp_path: Path) -> None:
    reach = job(
        tmp_path,
        """
        - uses: nick-fields/retry@v3
          env: {KEY: "${{ secrets.KEY }}"}
          with: {timeout_minutes: 5, command: npm install -g foo}
        """,
    )
    assert said(reach, "npm install -g foo", "KEY") == ("R1 R4", "certain")


def test_an_image_that_the_job_builds_is_its_own(tmp_path: Path) -> None:
    steps = """
        - run: docker build -t own-one -f Dockerfile .
        - uses: docker/build-push-action@v6
          with: {load: true, tags: "own-two:1,own-three"}
        - run: |
            docker run own-one x
            docker run own-two:1 x
            docker run -v $PWD:/x own-three x
            docker run others:1 x
        """
    reach = job(tmp_path, steps, Dockerfile="FROM base:1\n")
    images = {code.name for _, code in reach.codes if code.kind == "image"}
    assert images == {"others", "base"}
