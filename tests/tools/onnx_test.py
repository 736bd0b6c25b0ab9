"""Does ONNX Runtime get from exported files what `dpml predict` says? Each shipped model and each layer, with all its ways, is
trained for a step on small data, exported and run on new samples. Needs the binary in $DPML; exits with 77 where Python lacks onnxruntime or
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
TOLERANCE = 1e-5  # of outputs up to 1, and relative to the greatest one beyond

PRIVACY = """privacy {
  unit: "one row"  neighbours: ADD_OR_REMOVE_ONE
  poisson { expected_batch_size: 20 public_size: 100 }
  steps: 2  clip_bound: 1  delta: 1e-4  noise_multiplier: 1
}
loss: MEAN_SQUARED_ERROR
optimizer { sgd { learning_rate: 1 } }
"""

IMAGE = (8, 8, 3)
SEQUENCE = (5, 6)
VECTOR = (7,)
# Words that need other layers beside them, in whole models.
NEED_OTHERS = {"add", "multiply", "concat", "again", "tied_linear"}
GRAPHS = [
    (IMAGE, ["name: \"a\" conv2d { out_channels: 4 kernel: 3 padding: 1 }", "name: \"b\" tanh {}", "from: \"a\" relu {}",
             "from: [\"2\", \"b\", \"a\"] add {}", "from: [\"3\", \"input\"] concat {}", "slice { axis: 1 begin: 1 end: -1 }",
             "permute { axes: [3, 1, 2] }", "reshape { shape: [6, -1] }", "name: \"l\" linear { out: 56 }", "again { layer: \"l\" }",
             "from: [\"l\", \"9\"] multiply {}"]),
    ((4,), ["name: \"e\" embedding { vocabulary: 3 features: 3 }", "repeat: 2 lora { rank: 2 } linear { out: 3 }", "tied_linear { layer: \"e\" }"]),
]


def variants(word, *options):
    return [f"{word} {{ {stated} }}" for stated in options]


# Shapes of samples, and layers with them beside the examples of docs/layers.md; a list is several layers.
VARIANTS = {
    VECTOR: [
        "linear { out: 4 }", "linear { out: 4 bias: false }", "layer_norm {}", "rms_norm {}", "group_norm { groups: 7 }",
        "group_norm { groups: 1 affine: false }", "frozen_batch_norm {}", "softmax {}", "dropout { probability: 0.5 }",
        "sequential { layer { linear { out: 3 } } layer { name: \"act\" relu {} } }",
    ],
    SEQUENCE: [
        "linear { out: 4 bias: false }", "softplus { beta: 3 threshold: 1 }", "elu { alpha: 0.7 }", "prelu {}",
        "prelu { num_parameters: 6 init: 0.3 }", "frozen_batch_norm {}", "sinusoidal_positions {}",
        "sum_over_positions {}", "mean_over_positions {}", "max_over_positions {}",
        *variants("layer_norm", "", "shape: [5, 6] affine: false epsilon: 1e-3"), *variants("rms_norm", "", "shape: [5, 6]", "affine: false epsilon: 0.1"),
        *variants("instance_norm", "affine: true", "epsilon: 0.1"), *variants("learned_positions", "", "positions: 9"),
        *variants("conv1d", *[f"out_channels: 4 kernel: 3 padding: {padding} padding_mode: {mode}" for mode in
                              ("ZEROS", "REFLECT", "REPLICATE", "CIRCULAR") for padding in (0, 1, 3)],
                  "out_channels: 6 kernel: 2 stride: 2 dilation: 3 padding: 1 groups: 3 bias: false", "out_channels: 2 kernel: 4 padding_same: true"),
        *variants("conv_transpose1d", "out_channels: 4 kernel: 3", "out_channels: 4 kernel: 3 stride: 3 padding: 2 output_padding: 2 dilation: 2 groups: 2 bias: false"),
        *variants("max_pool1d", "kernel: 2", "kernel: 3 stride: 2 padding: 1 ceil_mode: true", "kernel: 2 stride: 3 ceil_mode: true"),
        *variants("avg_pool1d", *[f"kernel: 4 stride: {stride} padding: 2 {more}" for stride in (1, 2, 3, 4) for more in
                                  ("", "ceil_mode: true", "count_include_pad: false", "ceil_mode: true count_include_pad: false")]),
        *variants("adaptive_avg_pool1d", *[f"output_size: {size}" for size in (1, 2, 5, 7)]),
        *variants("adaptive_max_pool1d", *[f"output_size: {size}" for size in (1, 2, 5, 7)]),
        *variants("multihead_attention", "num_heads: 1", "num_heads: 3 bias: false", "num_heads: 3 causal: true rotary: true",
                  "num_heads: 3 num_kv_heads: 1 rotary: true bias: false"),
        *variants("transformer_encoder_layer", "nhead: 3 dim_feedforward: 4 activation: GELU norm_first: true causal: true layer_norm_eps: 0.01",
                  "nhead: 3 num_kv_heads: 1 rotary: true dim_feedforward: 7 activation: SWIGLU", "nhead: 2 dim_feedforward: 4 activation: SWIGLU norm_first: true"),
        *[f"{word} {{ hidden_size: 4 {options} }}" for word in ("rnn", "lstm", "gru") for options in
          ("", "bias: false num_layers: 3", "bidirectional: true", "output: LAST", "num_layers: 2 bidirectional: true output: LAST")],
        "rnn { hidden_size: 3 nonlinearity: RELU num_layers: 2 bidirectional: true }",
    ],
    IMAGE: [
        "instance_norm { affine: true }", "group_norm { groups: 3 }", "frozen_batch_norm {}", "mean_over_positions {}",
        *variants("conv2d", "out_channels: 4 kernel: [3, 2] stride: [2, 1] padding: [1, 0] dilation: [1, 2]", "out_channels: 6 kernel: 3 groups: 3 bias: false",
                  *[f"out_channels: 2 kernel: [2, 5] padding: [1, 3] padding_mode: {mode}" for mode in ("ZEROS", "REFLECT", "REPLICATE", "CIRCULAR")],
                  *[f"out_channels: 2 kernel: [4, 3] dilation: [1, 2] padding_same: true padding_mode: {mode}" for mode in ("ZEROS", "REFLECT", "REPLICATE", "CIRCULAR")]),
        *variants("conv_transpose2d", "out_channels: 3 kernel: 2 stride: 2", "out_channels: 6 kernel: [3, 2] stride: [1, 3] padding: [1, 0] output_padding: [0, 2] groups: 3",
                  "out_channels: 2 kernel: 3 dilation: [2, 1] stride: 2 output_padding: 1"),
        *variants("max_pool2d", "kernel: 3", "kernel: 3 stride: 2 padding: 1", "kernel: 3 stride: 2 padding: 1 ceil_mode: true", "kernel: 2 kernel_width: 5 stride: 3 ceil_mode: true"),
        *variants("avg_pool2d", "kernel: 3 stride: 2 padding: 1", "kernel: 3 padding: 1 count_include_pad: false", "kernel: 3 stride: 2 padding: 1 ceil_mode: true",
                  "kernel: 5 kernel_width: 2 padding: 2 padding_width: 0 stride: 4 count_include_pad: false ceil_mode: true"),
        *variants("adaptive_avg_pool2d", "output_size: 1", "output_size: [4, 2]", "output_size: [3, 2]", "output_size: [9, 5]"),
        *variants("adaptive_max_pool2d", "output_size: [4, 2]", "output_size: [3, 2]", "output_size: [9, 5]"),
        "residual { body { layer { conv2d { out_channels: 3 kernel: 3 padding: 1 } } layer { tanh {} } } }",
        "residual { body { layer { name: \"a\" linear { out: 2 } } } shortcut { layer { linear { out: 2 } } } }",
    ],
    (4,): [
        "embedding { vocabulary: 3 features: 2 padding_idx: 2 }",
        *variants("embedding_bag", *[f"vocabulary: 3 features: 4 mode: {mode} {padding}" for mode in ("SUM", "MEAN") for padding in ("", "padding_idx: 0")]),
    ],
}


def examples():
    """(shape, layer) of each row of the table in docs/layers.md, which config_test makes of every word of the schema."""
    rows = re.findall(r"^\| `(.*?)` \| (\[.*?\]) \|.*\| (\w*) \|$", (ROOT / "docs" / "layers.md").read_text(), re.M)
    return [(tuple(json.loads(shape)), layer) for layer, shape, exported in rows
            if exported == "yes" and layer.split()[0] not in NEED_OTHERS]


def run(*arguments, folder):
    result = subprocess.run([DPML, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT)
    if result.returncode != 0:
        raise AssertionError(f"dpml {arguments}\n{result.stdout}\n{result.stderr}")
    return result.stdout


class OnnxTest(unittest.TestCase):
    differences = []  # with what they are of

    @classmethod
    def tearDownClass(cls):
        print(f"{len(cls.differences)} models; greatest differences:", *sorted(cls.differences)[-5:], sep="\n  ")

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
        difference = numpy.abs(said - outputs).max() / max(numpy.abs(said).max(), 1)
        self.differences.append((float(difference), name))
        self.assertLess(difference, TOLERANCE, name)
        return session

    def test_every_layer(self):
        models = examples()
        self.assertGreaterEqual(len(models), 47)
        models += [(shape, layer) for shape, layers in VARIANTS.items() for layer in layers]
        models = [(shape, [layer]) for shape, layer in models] + GRAPHS
        for shape, beginning in models:
            with self.subTest(layers=beginning, sample=shape):
                layer = " ".join(beginning)
                takes_indices = "embedding" in beginning[0]
                x = self.draw.integers(0, 3, (100, *shape)) if takes_indices else self.draw.normal(size=(100, *shape))
                numpy.save(self.folder / "x.npy", x.astype(numpy.float32))
                numpy.save(self.folder / "y.npy", self.draw.normal(size=(100, 2)).astype(numpy.float32))
                data = ("data { train { npy { inputs: \"x.npy\" labels: \"y.npy\" } } shape: " + str(list(shape)) +
                        ("" if takes_indices else " normalise { divide_by: 2 mean: 0.25 }") + " }\n")
                layers = [*beginning, "flatten {}", "linear { out: 2 }"]
                model = "model { " + " ".join(f"layer {{ {layer} }}" for layer in layers) + " }\n"
                (self.folder / "m.txtpb").write_text(PRIVACY + data + model)
                shutil.rmtree(self.folder / "run", ignore_errors=True)
                run("train", "m.txtpb", "--out", "run", "--quiet", *self.constants(layer, shape[-1]), folder=self.folder)
                self.compare(re.sub(r"\W+", "_", layer), "run", "x.npy", x)

    def constants(self, layer, channels):
        """Of a norm that is not trained, for the command that trains what is behind it."""
        if not layer.startswith("frozen_batch_norm"):
            return []
        numpy.savez(self.folder / "w.npz", **{f"0.{name}": self.draw.uniform(0.5, 2, channels).astype(numpy.float32)
                                              for name in ("weight", "bias", "running_mean", "running_var")})
        return ["--set", 'runtime.initial_model="w.npz"', "--set", 'runtime.initial_names={ fresh: "2.*" }',
                "--set", "privacy.initial_weights=PUBLIC"]

    def test_every_shipped_model(self):
        configs = sorted((ROOT / "models").rglob("*.txtpb"))
        self.assertGreaterEqual(len(configs), 6)
        for config in configs:
            with self.subTest(config=config.relative_to(ROOT).as_posix()):
                shutil.rmtree(self.folder / "run", ignore_errors=True)
                text = re.sub(r"\bepochs: [\d.]+", "steps: 2", config.read_text())
                data, inputs, fields = self.images() if "idx {" in text else self.texts(text) if "npy {" in text else self.table(text)
                (self.folder / config.name).write_text(text)
                paths = [word for part in ("train", "test") for field, path in fields.items()
                         for word in ("--set", f'data.{part}.{field}="{path}"')]
                small = [word for size in ("public_size=100", "expected_batch_size=20") for word in ("--set", f"privacy.poisson.{size}")]
                run("train", config.name, "--out", "run", "--quiet", "--set", "privacy.delta=1e-3", *small, *paths, folder=self.folder)
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

    def texts(self, config):
        """Token ids, and a class for each position or for the whole."""
        ids = self.draw.integers(0, 60, (100, 64))
        numpy.save(self.folder / "x.npy", ids.astype(numpy.uint8))
        numpy.save(self.folder / "y.npy", (ids if "classes: 65" in config else ids[:, 0] % 2).astype(numpy.uint8))
        return "x.npy", ids, {"npy.inputs": "x.npy", "npy.labels": "y.npy"}

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
