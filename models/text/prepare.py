"""Makes the arrays of token ids that the models of this folder read out of data/shakespeare.

Which characters and words have an id is read off the texts, and no noise hides it: that is only for public texts.

usage: python3 models/text/prepare.py [FOLDER]      FOLDER: data/shakespeare when left out; needs NumPy
"""

import collections
import gzip
import pathlib
import re
import sys

import numpy as np

PASSAGE = 64  # characters that a language model reads at once
WORDS = 2000  # of a speech that have an id of their own; 0 is padding, 1 any other word
LONGEST = 64  # words of a speech that are kept

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "data" / "shakespeare" / "tinyshakespeare.txt.gz"


def save(folder, name, rows):
    """Every tenth row is for testing, the others are for training."""
    is_test = np.arange(len(rows)) % 10 == 0
    np.save(folder / f"{name}_train.npy", rows[~is_test])
    np.save(folder / f"{name}_test.npy", rows[is_test])


def passages(text, folder):
    """Passages, and for each of their positions the character that comes next."""
    characters = sorted(set(text))
    ids = np.array([characters.index(c) for c in text], dtype=np.uint8)
    rows = ids[: len(ids) // (PASSAGE + 1) * (PASSAGE + 1)].reshape(-1, PASSAGE + 1)
    save(folder, "passages", rows[:, :-1])
    save(folder, "next_characters", rows[:, 1:])


def speeches(text, folder):
    """The words of each speech, and whether it stands in the second half of the plays."""
    said = [speech.partition(":\n")[2] for speech in text.split("\n\n")]
    words = [re.findall(r"[a-z']+", speech.lower())[:LONGEST] for speech in said if speech]
    counts = collections.Counter(word for speech in words for word in speech)
    common = sorted(counts, key=lambda word: (-counts[word], word))[: WORDS - 2]
    ids = {word: i for i, word in enumerate(common, 2)}
    rows = np.zeros((len(words), LONGEST), dtype=np.uint16)
    for row, speech in zip(rows, words):
        row[: len(speech)] = [ids.get(word, 1) for word in speech]
    save(folder, "speeches", rows)
    save(folder, "second_half", (np.arange(len(words)) >= len(words) // 2).astype(np.uint8))


if __name__ == "__main__":
    to = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE.parent
    to.mkdir(parents=True, exist_ok=True)
    whole = gzip.open(SOURCE, "rt", encoding="ascii").read()
    passages(whole, to)
    speeches(whole, to)
