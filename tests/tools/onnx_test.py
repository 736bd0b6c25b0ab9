"""Does ONNX Runtime get from exported files what `dpml predict` says? Each shipped model and one of each layer are trained for a
step on small data, exported and run on new samples. Needs the binary in $DPML; exits with 77 where Python lacks onnxruntime or
numpy ($DPML_PYTHON_ONNX may name another Python)."""

import csv
import gzip
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

PYTHON = os.environ.get("DPML_PYTHON_ONNX")
if PYTHON and not os.environ.get("DPML_ONNX_INNER"):
    sys.exit(subprocess.run([PYTHON, *sys.argv], env={**os.environ, "DPML_ONNX_INNER": "1"}).returncode)
try:
    import numpy
    import onnxruntime
except ImportError as error:
    print(f"skipped: {error}; pip install onnxruntime numpy in a virtual environment, and name it in DPML_PYTHON_ONNX")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
DPML = os.environ["DPML"]
TIMEOUT = 120
TOLERANCE = 1e-5

PRIVACY = """privacy {
  unit: "one row"  neighbours: ADD_OR_REMOVE_ONE
  poisson { expected_batch_size: 20 public_size: 100 }
  steps: 2  clip_bound: 1  delta: 1e-4  noise_multiplier: 1
}
loss: MEAN_SQUARED_ERROR
optimizer { sgd { learning_rate: 0.1 } }
"""

# name -> (shape of a sample, layers); what comes out is flat, to be compared with targets.
IMAGE = (8, 8, 3)
SEQUENCE = (5, 6)
VECTOR = (7,)
ACTIVATIONS = ["relu {}", "tanh {}", "gelu {}", "sigmoid {}", "leaky_relu { negative_slope: 0.2 }", "silu {}", "elu { alpha: 0.7 }",
               "selu {}", "softplus {}", "softplus { beta: 3 threshold: 1 }", "hardswish {}", "prelu {}",
               "prelu { num_parameters: 6 init: 0.3 }", "softmax {}", "log_softmax {}"]
MODELS = {
    "linear": (VECTOR, ["linear { out: 4 }"]),
    "linear_without_bias": (VECTOR, ["linear { out: 4 bias: false }"]),
    "linear_of_sequence": (SEQUENCE, ["linear { out: 4 }", "flatten {}"]),
    "linear_of_sequence_without_bias": (SEQUENCE, ["linear { out: 4 bias: false }", "flatten {}"]),
    "conv": (IMAGE, ["conv2d { out_channels: 4 kernel: [3, 2] stride: [2, 1] padding: [1, 0] dilation: [1, 2] }", "flatten {}"]),
    "conv_groups": (IMAGE, ["conv2d { out_channels: 6 kernel: 3 groups: 3 bias: false }", "flatten {}"]),
    "max_pool": (IMAGE, ["max_pool2d { kernel: 3 stride: 2 padding: 1 }", "flatten {}", "linear { out: 2 }"]),
    "max_pool_default": (IMAGE, ["max_pool2d { kernel: 3 }", "flatten {}", "linear { out: 2 }"]),
    "avg_pool": (IMAGE, ["avg_pool2d { kernel: 3 stride: 2 padding: 1 }", "flatten {}", "linear { out: 2 }"]),
    "avg_pool_inside": (IMAGE, ["avg_pool2d { kernel: 3 padding: 1 count_include_pad: false }", "flatten {}", "linear { out: 2 }"]),
    "group_norm": (IMAGE, ["conv2d { out_channels: 6 kernel: 3 }", "group_norm { groups: 3 }", "flatten {}"]),
    "group_norm_of_vector": (SEQUENCE[1:], ["group_norm { groups: 2 affine: false }", "linear { out: 2 }"]),
    "layer_norm": (SEQUENCE, ["layer_norm {}", "flatten {}"]),
    "layer_norm_two_axes": (SEQUENCE, ["layer_norm { shape: [5, 6] affine: false epsilon: 1e-3 }", "linear { out: 2 }", "flatten {}"]),
    "dropout": (VECTOR, ["dropout { probability: 0.5 }", "linear { out: 2 }"]),
    "embedding": ((4,), ["embedding { vocabulary: 9 features: 3 }", "flatten {}"]),
    "residual": (IMAGE, ["residual { body { layer { conv2d { out_channels: 3 kernel: 3 padding: 1 } } layer { tanh {} } } }",
                         "residual { body { layer { name: \"a\" linear { out: 2 } } } shortcut { layer { linear { out: 2 } } } }",
                         "flatten {}"]),
    "sequential": (VECTOR, ["sequential { layer { linear { out: 3 } } layer { name: \"act\" relu {} } }", "linear { out: 2 }"]),
    "graph": (IMAGE, ["name: \"a\" conv2d { out_channels: 4 kernel: 3 padding: 1 }", "name: \"b\" tanh {}", "from: \"a\" relu {}",
                      "from: [\"2\", \"b\", \"a\"] add {}", "from: [\"3\", \"input\"] concat {}", "slice { axis: 1 begin: 1 end: -1 }",
                      "permute { axes: [3, 1, 2] }", "reshape { shape: [6, -1] }", "name: \"l\" linear { out: 56 }", "again { layer: \"l\" }",
                      "from: [\"l\", \"9\"] multiply {}", "flatten {}"]),
    "tied": ((4,), ["name: \"e\" embedding { vocabulary: 9 features: 3 }", "repeat: 2 linear { out: 3 }", "tied_linear { layer: \"e\" }", "flatten {}"]),
} | {f"activation_{i}": (SEQUENCE, ["linear { out: 6 }", layer, "flatten {}", "linear { out: 2 }"]) for i, layer in enumerate(ACTIVATIONS)}

INDICES = {"embedding", "tied"}


def run(*arguments, folder):
    result = subprocess.run([DPML, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT)
    if result.returncode != 0:
        raise AssertionError(f"dpml {arguments}\n{result.stdout}\n{result.stderr}")
    return result.stdout


class OnnxTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dpml-onnx-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.draw = numpy.random.default_rng(1)

    def compare(self, name, model, data, inputs):
        """What `predict --logits` says of the file, against the exported model on the numbers in it."""
        run("export", model, "--onnx", f"{name}.onnx", folder=self.folder)
        run("predict", model, "--data", data, "--out", f"{name}.csv", "--logits", folder=self.folder)
        rows = list(csv.reader((self.folder / f"{name}.csv").read_text().splitlines()))[1:]
        session = onnxruntime.InferenceSession(str(self.folder / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        self.assertEqual([value.name for value in session.get_inputs()], ["input"])
        [outputs] = session.run(["output"], {"input": inputs.astype(numpy.float32)})
        outputs = outputs.reshape(len(inputs), -1)
        said = numpy.array([[float(field) for field in row[-outputs.shape[1]:]] for row in rows])
        self.assertEqual(said.shape, outputs.shape)
        self.assertLess(numpy.abs(said - outputs).max(), TOLERANCE, name)
        return session

    def test_every_layer(self):
        for name, (shape, layers) in MODELS.items():
            with self.subTest(model=name):
                x = self.draw.normal(size=(100, *shape)) if name not in INDICES else self.draw.integers(0, 9, (100, *shape))
                numpy.save(self.folder / "x.npy", x.astype(numpy.float32))
                model = "model { " + " ".join(f"layer {{ {layer} }}" for layer in layers) + " layer { name: \"last\" linear { out: 2 } } }"
                numpy.save(self.folder / "y.npy", self.draw.normal(size=(100, 2)).astype(numpy.float32))
                data = ("data { train { npy { inputs: \"x.npy\" labels: \"y.npy\" } } shape: " + str(list(shape)) +
                        ("" if name in INDICES else " normalise { divide_by: 2 mean: 0.25 }") + " }\n")
                (self.folder / "m.txtpb").write_text(PRIVACY + data + model)
                shutil.rmtree(self.folder / "run", ignore_errors=True)
                run("train", "m.txtpb", "--out", "run", "--quiet", folder=self.folder)
                self.compare(name, "run", "x.npy", x)

    def test_every_shipped_model(self):
        # Those of models/text hold layers that are not written as ONNX yet; runs_test.py sees them refused.
        configs = sorted(path for path in (ROOT / "models").rglob("*.txtpb") if path.parent.name != "text")
        self.assertGreaterEqual(len(configs), 3)
        for config in configs:
            with self.subTest(config=config.relative_to(ROOT).as_posix()):
                shutil.rmtree(self.folder / "run", ignore_errors=True)
                text = re.sub(r"\bepochs: [\d.]+", "steps: 2", config.read_text())
                data, inputs, fields = self.images() if "idx {" in text else self.table(text)
                (self.folder / config.name).write_text(text)
                paths = [word for part in ("train", "test") for field, path in fields.items()
                         for word in ("--set", f'data.{part}.{field}="{path}"')]
                run("train", config.name, "--out", "run", "--quiet", *paths, folder=self.folder)
                session = self.compare(config.stem, "run", data, inputs)
                metadata = session.get_modelmeta().custom_metadata_map
                claim = json.loads(run("inspect", "run", "--json", folder=self.folder))
                self.assertEqual(metadata["record"], claim["record"])
                self.assertEqual(float(metadata["epsilon"]), float(claim["epsilon"]))
                self.assertEqual(metadata["unit"], claim["unit"])

    def images(self):
        pixels = self.draw.integers(0, 256, (100, 28, 28), dtype=numpy.uint8)
        labels = self.draw.integers(0, 10, 100, dtype=numpy.uint8)
        (self.folder / "inputs.gz").write_bytes(gzip.compress(struct.pack(">4I", 0x803, 100, 28, 28) + pixels.tobytes()))
        (self.folder / "labels.gz").write_bytes(gzip.compress(struct.pack(">2I", 0x801, 100) + labels.tobytes()))
        fields = {"idx.inputs": "inputs.gz", "idx.labels": "labels.gz"}
        return "inputs.gz", pixels[..., None], fields

    def table(self, config):
        """Rows of a table that the config describes, and the features that they are."""
        columns = []  # name, and what a row may hold with the features it becomes
        for block in re.split(r"\bcolumn \{", config)[1:]:
            name = re.search(r'name: "([^"]*)"', block)[1]
            values = re.search(r"(?:values|classes): \[(.*?)\]", block, re.S)
            words = re.findall(r'"([^"]*)"', values[1]) if values else []
            bounds = re.search(r"lower: (\d+) upper: (\d+)", block)
            columns.append((name, block, words, [int(bound) for bound in bounds.groups()] if bounds else None))
        lines = [",".join(name for name, *_ in columns)]
        rows = []
        for _ in range(100):
            fields, features = [], []
            for _, block, words, bounds in columns:
                if bounds:
                    number = int(self.draw.integers(bounds[0], bounds[1] + 1))
                    fields.append(str(number))
                    features.append((number - bounds[0]) / (bounds[1] - bounds[0]))
                elif words:
                    place = int(self.draw.integers(len(words)))
                    fields.append(words[place])
                    features += [float(i == place) for i in range(len(words))] if "categorical" in block else []
                else:
                    fields.append("0")
            lines.append(",".join(fields))
            rows.append(features)
        (self.folder / "table.csv").write_text("\n".join(lines) + "\n")
        return "table.csv", numpy.array(rows), {"csv.file": "table.csv"}

    def test_a_file_of_dpml_begins_another_run(self):
        numpy.save(self.folder / "x.npy", self.draw.normal(size=(100, 3)).astype(numpy.float32))
        numpy.save(self.folder / "y.npy", self.draw.normal(size=(100, 2)).astype(numpy.float32))
        (self.folder / "m.txtpb").write_text(PRIVACY + "data { train { npy { inputs: \"x.npy\" labels: \"y.npy\" } } shape: [3] }\n"
                                             "model { layer { linear { out: 2 } } }")
        run("train", "m.txtpb", "--out", "run", "--quiet", folder=self.folder)
        run("export", "run", "--onnx", "w.onnx", "--npz", "w.npz", "--safetensors", "w.safetensors", folder=self.folder)
        arrays = dict(numpy.load(self.folder / "w.npz"))
        guarantee = json.loads(str(arrays["dpml_guarantee"]))
        self.assertEqual(guarantee["unit"], "one row")
        self.assertEqual(arrays["0.weight"].shape, (2, 3))
        state = {name: arrays[name] for name in ("0.weight", "0.bias")}
        numpy.savez(self.folder / "torch.npz", **{f"fc.{name[2:]}": array for name, array in state.items()})
        numpy.savez_compressed(self.folder / "packed.npz", **{name: array.astype(numpy.float64) for name, array in state.items()})
        for file in ("w.onnx", "w.npz", "w.safetensors", "torch.npz", "packed.npz"):
            rename = ["--set", 'runtime.initial_names={ rename { from: "fc.*" to: "0.*" } }'] if file == "torch.npz" else []
            shutil.rmtree(self.folder / "next", ignore_errors=True)
            run("train", "m.txtpb", "--out", "next", "--quiet", "--set", f'runtime.initial_model="{file}"', "--set",
                "privacy.initial_weights=PUBLIC", "--set", "optimizer.sgd.learning_rate=1e-30", *rename, folder=self.folder)
            run("export", "next", "--npz", "next.npz", folder=self.folder)
            after = dict(numpy.load(self.folder / "next.npz"))
            for name, array in state.items():
                self.assertTrue(numpy.array_equal(after[name], array), file)


if __name__ == "__main__":
    unittest.main()
