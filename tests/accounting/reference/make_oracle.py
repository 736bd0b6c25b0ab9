"""Writes oracle.json: epsilon of hard cases to 35 digits, for the tests of the accountants.

usage: nice -n 10 python3 make_oracle.py    (computes the cases that the file does not hold yet)

Run by hand; needs mpmath alone (Debian python3-mpmath) and takes about 7 minutes on one core with gmpy2, which mpmath
uses where it is installed, several times that without. Every number of an input is the double that stands in the file,
exactly. delta(epsilon) is the hockey-stick divergence E_P[(1 - exp(epsilon - L))+] of the loss L = log(P / Q), summed
over the releases, and epsilon solves delta(epsilon) = delta.

  closed_form   one release; any number of Gaussians
  quadrature    two releases: the closed form of one, integrated over the output of the other (tanh-sinh)
  contour       many: 1 / (2 pi i) times the integral of exp(K(z) - z epsilon) / (z (z + 1)) over the vertical line
                through the saddle point, K(z) = log E_P[exp(z L)]; both integrals by trapezoids, which converge
                exponentially
  sum           few Laplace: how many losses are at either end, Irwin-Hall's polynomials between; discrete outcomes:
                binomial sums, with epsilon in closed form between two neighbouring losses

delta cancels nowhere by more than a few of the 90 digits that are carried (60 by the quadrature). A case is written
only if its epsilon stays the same to 40 digits when 20 digits more are carried and when every step halves: of both
integrals of a contour, of the quadrature's rule.
"""

import json
import pathlib
import time

import mpmath
from mpmath import mp, mpf

from oracle.questions import CASES
from oracle.solving import DIGITS, NotStable

WRITTEN_DIGITS = 35


def outcome(solve_it, direction, delta):
    """epsilon, or None and why not; 0 and below means that the direction costs nothing at delta."""
    with mp.workdps(DIGITS):
        try:
            return solve_it(direction, delta), ""
        except (NotStable, ZeroDivisionError, OverflowError, ValueError) as error:
            return None, f"{type(error).__name__} {error}"


def case(name, what, delta):
    method, event, count, solve_it, is_symmetric = what
    remove, why = outcome(solve_it, "remove", delta)
    add, why_add = (remove, why) if is_symmetric else outcome(solve_it, "add", delta)
    text = lambda value: mp.nstr(value, WRITTEN_DIGITS) if value is not None else None
    note = ""
    if remove is not None and add is None and event["type"] == "PoissonSampled":
        # The loss of "add" is at most -log(1 - rate) each.
        most = -count * mp.log1p(-mpf(event["sampling_probability"]))
        if most < remove:
            add, note = most, "no loss of add is above " + mp.nstr(most, 6)
    if remove is None or add is None:
        return None, why or why_add
    tree = event if count == 1 else {"type": "SelfComposed", "count": count, "event": event}
    relation = "REPLACE_ONE" if name in ("randomized-response", "pure") else "ADD_OR_REMOVE_ONE"
    expected = {"epsilon": text(max(remove, add)), "remove": text(remove), "add": None if note else text(add)}
    return {
        "kind": name,
        "inputs": {"event_tree": tree, "neighboring_relation": relation, "delta": delta},
        "expected": expected,
        "method": method,
        **({"note": note} if note else {}),
    }, ""


def identity(name, what, delta):
    _, event, count, *_ = what
    numbers = [v for e in (event, event.get("event", {})) for v in e.values() if isinstance(v, (int, float))]
    return "-".join([name, *(f"{v:g}" for v in numbers), f"x{count:g}", f"delta{delta:g}"])


def main():
    path = pathlib.Path(__file__).with_name("oracle.json")
    kept = {one["id"]: one for one in json.loads(path.read_text())} if path.exists() else {}
    wanted = {identity(name, what, delta): (name, what, delta) for name, what, deltas in CASES for delta in deltas}
    for key, arguments in wanted.items():
        if key in kept:
            continue
        began = time.process_time()
        one, why = case(*arguments)
        shown = one["expected"] if one else "LEFT OUT: " + why
        print(f"{time.process_time() - began:6.1f} s  {key}  {shown}", flush=True)
        if one:
            kept[key] = {"id": key, **one}
            path.write_text(json.dumps([kept[k] for k in wanted if k in kept], indent=1) + "\n")
    print(f"{len(kept)} cases; mpmath {mpmath.__version__} ({mpmath.libmp.BACKEND})")


if __name__ == "__main__":
    main()
