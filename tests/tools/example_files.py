"""Tiny data files, written byte by byte, and configs that read them."""

import os
import random
import struct

PRIVACY = """privacy {
  unit: "one row"
  neighbours: ADD_OR_REMOVE_ONE
  poisson { expected_batch_size: 20 public_size: 100 }
  steps: 10
  clip_bound: 1
  delta: 1e-4
  target_epsilon: 5
}
"""

TRAINING = """loss: CROSS_ENTROPY
optimizer { sgd { learning_rate: 0.5 } }
"""

TABLE_CONFIG = PRIVACY + """data {
  train { csv { file: "train.csv" } }
  test { csv { file: "test.csv" } }
  table {
    column { name: "height" numeric { lower: 0 upper: 10 } }
    column { name: "colour" categorical { values: ["red", "blue"] } }
    column { name: "answer" label { classes: ["no", "yes"] } }
  }
}
model {
  layer { linear { out: 4 } }
  layer { tanh {} }
  layer { linear { out: 2 } }
}
""" + TRAINING

VECTOR_CONFIG = PRIVACY + """data {
  train { npy { inputs: "x.npy" labels: "y.npy" } }
  shape: [3]
  classes: 2
}
model {
  layer { linear { out: 2 } }
}
""" + TRAINING

IMAGE_CONFIG = PRIVACY + """data {
  train { idx { inputs: "images" labels: "labels" } }
  shape: [6, 6, 1]
  classes: 3
}
model {
  layer { conv2d { out_channels: 2 kernel: 3 } }
  layer { relu {} }
  layer { flatten {} }
  layer { linear { out: 3 } }
}
""" + TRAINING

EVENTS = """# two kinds
entry { event { gaussian { noise_multiplier: 5 } } count: 3 }
entry {
  event { poisson_sampled { sampling_rate: 0.01 event { gaussian { noise_multiplier: 1 } } } }
  count: 200
}
"""


def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    return path


def table(rows, seed=1, with_label=True):
    draw = random.Random(seed)
    lines = ["height,colour,answer" if with_label else "height,colour"]
    for _ in range(rows):
        height = draw.uniform(0, 10)
        fields = [f"{height:.3f}", draw.choice(["red", "blue"])]
        if with_label:
            fields.append("yes" if height > 5 else "no")
        lines.append(",".join(fields))
    return "\n".join(lines) + "\n"


def npy(shape, numbers):
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "".join(f"{n}, " for n in shape) + "), }"
    header = header.ljust((len(header) + 11 + 63) // 64 * 64 - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(numbers)}f", *numbers)


def idx(shape, numbers):
    return bytes([0, 0, 8, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape) + bytes(numbers)


def write_table_run(folder):
    write(folder, "train.csv", table(100))
    write(folder, "test.csv", table(30, seed=2))
    return write(folder, "table.txtpb", TABLE_CONFIG)


def write_vector_run(folder, rows=100):
    draw = random.Random(3)
    labels = [row % 2 for row in range(rows)]
    write(folder, "x.npy", npy((rows, 3), [draw.gauss(2 * label - 1, 1) for label in labels for _ in range(3)]))
    write(folder, "y.npy", npy((rows,), labels))
    return write(folder, "vector.txtpb", VECTOR_CONFIG)


def write_image_run(folder, images=60):
    draw = random.Random(4)
    write(folder, "images", idx((images, 6, 6), [draw.randrange(256) for _ in range(images * 36)]))
    write(folder, "labels", idx((images,), [image % 3 for image in range(images)]))
    return write(folder, "image.txtpb", IMAGE_CONFIG)
