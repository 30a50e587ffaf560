from seawall.kernel.limits import DEFAULT_LIMITS
from seawall.kernel.lockfile import with_digests
from seawall.readers.lockfiles import go_mod

MOD = b"module m.example/app\n\nrequire (\n\tm.example/a v1.0.0\n\tm.example/b v2.0.0 // indirect\n)\n"
ONE, TWO = ("h1:" + "A" * 43 + "=", "h1:" + "B" * 43 + "=")
SUM = f"m.example/a v1.0.0 {ONE}\nm.example/a v1.0.0/go.mod {TWO}\nm.example/b v2.0.0/go.mod {TWO}\n".encode()


def test_go_sum_gives_the_digests_of_the_go_mod_beside_it() -> None:
    mod, elsewhere = (go_mod.read(MOD, path, DEFAULT_LIMITS) for path in ("x/go.mod", "y/go.mod"))
    total = go_mod.read_sum(SUM, "x/go.sum", DEFAULT_LIMITS)
    assert not total.pins
    found = {d.path: [p.digests for p in d.pins] for d in with_digests([mod, total, elsewhere])}
    # The digest of a go.mod alone is none of the module's code, so b has none.
    assert found == {"x/go.mod": [(ONE,), ()], "x/go.sum": [], "y/go.mod": [(), ()]}
