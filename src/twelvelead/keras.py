"""The reference model's twin in Keras 3 and its loss, for those who load `Final-ECG-Model.h5`.

Importing this module registers the three layers that Keras does not have and the loss, so that `load_model` finds them.
The twin needs TensorFlow, JAX or PyTorch beside Keras; the weights come from safetensors.
"""

import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import MissingExtra, TwelveLeadError, Unreadable
from twelvelead.files import replacing
from twelvelead.weights import Contract, file, find

if importlib.util.find_spec("tensorflow") is None:
    # Keras asks for TensorFlow unless told otherwise, whether it is installed or not.
    for _name in ("jax", "torch"):
        if importlib.util.find_spec(_name):
            os.environ.setdefault("KERAS_BACKEND", _name)

try:
    import keras
    from keras import layers, ops
except ImportError as error:
    if importlib.util.find_spec("keras") is None:
        raise MissingExtra("The HDF5 export", "keras") from None
    raise TwelveLeadError(
        f"Keras cannot be imported ({error}): it has to be Keras 3 with TensorFlow, JAX or PyTorch beside it, and "
        "KERAS_BACKEND tells which, such as KERAS_BACKEND=torch"
    ) from None

CLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
ALPHA = 0.434
GAMMA = 2.135
POSITIVES = (7596, 4379, 4186, 3907, 2119)
"""Records of each class in folds 1-8 of PTB-XL, protocol "drop", of 17084 in all."""
CLASS_WEIGHTS = tuple((np.mean([1 / n for n in POSITIVES]) ** -1 / np.array(POSITIVES)).tolist())
"""w_c = N / (5 N_c), scaled to mean 1; N cancels."""

Registered = TypeVar("Registered", bound=Callable[..., Any])
_registered: Callable[[Registered], Registered] = keras.saving.register_keras_serializable(package="twelvelead")


@_registered
def focal_loss_with_class_weights(y_true: Any, y_pred: Any) -> Any:
    """The loss that the shipped weights were trained with: focal loss (Lin et al. 2017, doi:10.1109/ICCV.2017.324) with
    alpha 0.434, gamma 2.135 and a weight for each class by its rarity in the training folds.

    Args:
        y_true: [n, 5] 0 or 1, in the order NORM, MI, STTC, CD, HYP.
        y_pred: [n, 5] probabilities.

    Returns:
        [n] mean over the classes, a tensor of the backend.
    """
    y_pred = ops.clip(ops.convert_to_tensor(y_pred), 1e-7, 1 - 1e-7)
    y_true = ops.cast(y_true, y_pred.dtype)
    positive = ALPHA * y_true * ops.power(1 - y_pred, GAMMA) * ops.log(y_pred)
    negative = (1 - ALPHA) * (1 - y_true) * ops.power(y_pred, GAMMA) * ops.log(1 - y_pred)
    return -ops.mean(ops.cast(CLASS_WEIGHTS, y_pred.dtype) * (positive + negative), axis=-1)


@_registered
class Windows(layers.Layer):  # type: ignore[misc]
    """Cuts recordings into overlapping windows, each with the age and sex of its recording.

    Args:
        window, stride, step: in samples; the last window ends with the recording, to the whole step before.
    """

    def __init__(self, window: int, stride: int, step: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.window, self.stride, self.step = window, stride, step

    def call(self, inputs: Any) -> Any:
        """Map ECG [n, samples, leads] and features [n, 2] to [n * windows, window, leads] and [n * windows, 2]."""
        ecg, features = inputs
        samples = ops.shape(ecg)[1]
        if isinstance(samples, int) and samples < self.window:
            raise ValueError(f"a recording has {samples} samples; the model reads {self.window} or more")
        last = (samples - self.window) // self.step * self.step
        count = (last + self.stride - 1) // self.stride + 1
        if not isinstance(count, int):
            # TensorFlow learns the length as it runs, and cannot raise then: no window, and so NaN, where none fits.
            count = ops.minimum(count, ops.maximum(samples - self.window + 1, 0))
        starts = ops.minimum(ops.arange(count) * self.stride, last)
        places = ops.reshape(starts[:, None] + ops.arange(self.window)[None], (-1,))
        windows = ops.reshape(ops.take(ecg, places, axis=1), (-1, self.window, ecg.shape[-1]))
        repeated = ops.take(features[:, None], ops.zeros_like(starts), axis=1)
        return [windows, ops.reshape(repeated, (-1, features.shape[-1]))]

    def compute_output_shape(self, input_shape: Any) -> Any:
        ecg, features = input_shape
        return [(None, self.window, ecg[-1]), (None, features[-1])]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "window": self.window, "stride": self.stride, "step": self.step}


@_registered
class AgeAndSex(layers.Layer):  # type: ignore[misc]
    """Age clipped to 90 years (PTB-XL writes 300 for "over 89") and scaled, sex as -1 male and 1 female, and for both
    whether they are known; unknown values are NaN and become 0."""

    def call(self, features: Any) -> Any:
        """Map [n, 2] to [n, 4]."""
        known = ops.logical_not(ops.isnan(features))
        age = (ops.clip(features[:, :1], 0.0, 90.0) - 60.0) / 20.0
        values = ops.concatenate([age, features[:, 1:] * 2.0 - 1.0], axis=1)
        values = ops.where(known, values, ops.zeros_like(values))
        return ops.concatenate([values, ops.cast(known, values.dtype)], axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], 4)


@_registered
class WindowMean(layers.Layer):  # type: ignore[misc]
    """The mean over the windows of each recording."""

    def call(self, inputs: Any) -> Any:
        """Map probabilities [n * windows, classes] and features [n, 2], which tell n, to [n, classes]."""
        probabilities, features = inputs
        n = ops.shape(features)[0]
        return ops.mean(ops.reshape(probabilities, (n, -1, probabilities.shape[-1])), axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        probabilities, features = input_shape
        return (features[0], probabilities[-1])


@_registered
class WindowMaximum(WindowMean):
    """The highest of the windows of each recording."""

    def call(self, inputs: Any) -> Any:
        """Map probabilities [n * windows, classes] and features [n, 2], which tell n, to [n, classes]."""
        probabilities, features = inputs
        n = ops.shape(features)[0]
        return ops.max(ops.reshape(probabilities, (n, -1, probabilities.shape[-1])), axis=1)


def build_twin(contract: Contract) -> Any:
    """The network that the contract describes, untrained and compiled.

    Args:
        contract: of weights of the reference architecture.

    Returns:
        A `keras.Model` of `ecg` [n, samples, leads] float32 mV and `features` [n, 2] float32 (age in years, sex 0 male
        1 female, NaN unknown) to probabilities [n, classes]. Its loss is the one above for the five superclasses, and
        binary cross-entropy for other classes.

    Raises:
        TwelveLeadError: the weights are of another architecture.
    """
    if contract.architecture != "reference":
        raise TwelveLeadError(f"{contract.name}: architecture {contract.architecture} has no HDF5 form")
    settings = contract.model
    ecg = layers.Input((None, len(contract.leads)), name="ecg")
    features = layers.Input((2,), name="features")
    cut = Windows(contract.window, contract.stride, contract.attention_samples, name="windows")
    windows, repeated = cut([ecg, features])
    x = layers.Rescaling(settings["scale"], name="scale")(windows)
    blocks = zip(settings["filters"], settings["kernel_sizes"], strict=True)
    for number, (filters, kernel_size) in enumerate(blocks):
        x = _residual_block(x, f"blocks_{number}", filters, kernel_size, settings)
    x = layers.Bidirectional(layers.LSTM(settings["lstm_units"], return_sequences=True, name="lstm"), name="lstm")(x)
    weights = layers.Softmax(axis=1, name="attention")(layers.Dense(1, name="attention_score")(x))
    context = layers.Flatten(name="context")(layers.Dot(axes=1, name="weighted_sum")([weights, x]))
    joined = layers.Dense(settings["ecg_units"], activation="relu", name="ecg_dense")(context)
    if contract.metadata:
        known = AgeAndSex(name="metadata")(repeated)
        known = layers.Dense(settings["metadata_units"], activation="relu", name="metadata_dense")(known)
        joined = layers.Concatenate(name="beside")([joined, known])
    joined = layers.Dense(settings["units"], activation="relu", name="joined")(joined)
    joined = layers.Dropout(settings["dropout"], name="dropout")(joined)
    answer = _together(joined, features, contract)
    # In a list, so that the configuration has the one form that every Keras 3 reads.
    twin = keras.Model([ecg, features], [answer], name=contract.name)
    loss = focal_loss_with_class_weights if contract.classes == CLASSES else "binary_crossentropy"
    twin.compile(keras.optimizers.Adam(contract.recipe["learning_rate"]), loss)
    return twin


def _together(joined: Any, features: Any, contract: Contract) -> Any:
    """Probabilities of the recordings from the last hidden layer of their windows, by the contract's `aggregate`."""
    logits = contract.aggregate == "logit"
    output = layers.Dense(len(contract.classes), activation="linear" if logits else "sigmoid", name="output")(joined)
    if logits:
        return layers.Activation("sigmoid", name="probabilities")(WindowMean(name="logits")([output, features]))
    kind = WindowMaximum if contract.aggregate == "maximum" else WindowMean
    return kind(name="probabilities")([output, features])


def _residual_block(x: Any, name: str, filters: int, kernel_size: int, settings: dict[str, Any]) -> Any:
    def convolved(x: Any, size: int, conv: str, norm: str) -> Any:
        x = layers.Conv1D(filters, size, padding="same", use_bias=False, name=f"{name}_{conv}")(x)
        # PyTorch's momentum of 0.1 is the share of the new value, Keras's 0.9 that of the old one.
        return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_{norm}")(x)

    y = layers.ReLU(name=f"{name}_relu1")(convolved(x, kernel_size, "conv1", "norm1"))
    y = layers.Dropout(settings["dropout"], name=f"{name}_dropout")(y)
    y = layers.Add(name=f"{name}_add")(
        [convolved(y, kernel_size, "conv2", "norm2"), convolved(x, 1, "shortcut", "shortcut_norm")]
    )
    return layers.MaxPooling1D(settings["pool"], name=f"{name}_pool")(layers.ReLU(name=f"{name}_relu2")(y))


def load_twin(weights: str | Path) -> Any:
    """The twin with trained weights, compiled.

    Args:
        weights: a shipped name, a run folder, a folder of weights, or a file in one.

    Returns:
        As `build_twin`.

    Raises:
        MissingExtra: safetensors is not installed.
        Unreadable: no such weights, or files that do not match their contract.
        TwelveLeadError: the weights are of another architecture.
    """
    try:
        from safetensors.numpy import load_file
    except ImportError:
        raise MissingExtra("Loading weights into Keras", "keras") from None

    path = file(weights, "safetensors")
    twin = build_twin(Contract.load(find(weights)))
    state = {name.replace(".", "_"): values for name, values in load_file(path).items()}
    try:
        for layer in twin.layers:
            if layer.weights:
                layer.set_weights(_values(layer, state))
    except (KeyError, ValueError) as error:
        fault = str(error).splitlines()[0]
        raise Unreadable(f"{path}: does not fit the model in its contract ({fault}); export it again") from None
    return twin


def _values(layer: Any, state: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """The values of a layer's weights in Keras's order and layout; layers have the names of PyTorch's modules."""

    def named(*parts: str) -> list[NDArray[np.float32]]:
        return [state[f"{layer.name}_{part}"] for part in parts]

    if isinstance(layer, layers.Conv1D):
        (kernel,) = named("weight")  # [filters, inputs, 1, kernel]
        return [kernel[:, :, 0].transpose(2, 1, 0)]
    if isinstance(layer, layers.BatchNormalization):
        return named("weight", "bias", "running_mean", "running_var")
    if isinstance(layer, layers.Dense):
        kernel, bias = named("weight", "bias")
        return [kernel.T, bias]
    values = []
    for direction in ("", "_reverse"):  # both frameworks order the gates input, forget, cell, output
        parts = (f"{part}_l0{direction}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        inputs, recurrent, input_bias, recurrent_bias = named(*parts)
        values += [inputs.T, recurrent.T, input_bias + recurrent_bias]
    return values


def write_h5(weights: str | Path, path: Path) -> None:
    """Write the twin with trained weights as one HDF5 file that every Keras 3 loads; the same weights give the same
    bytes with the same Keras and backend.

    Args:
        weights: a shipped name, a run folder, a folder of weights, or a file in one.
        path: of the file, replaced where it is there.

    Raises:
        MissingExtra: h5py or safetensors is not installed.
        Unreadable: no such weights, or files that do not match their contract.
        TwelveLeadError: the weights are of another architecture.
    """
    try:
        import h5py
    except ImportError:
        raise MissingExtra("The HDF5 export", "keras") from None

    # Written here and not by Keras, whose writer names settings that older versions do not know, and warns.
    twin = load_twin(weights)
    network = twin.get_config()
    network["layers"] = [_portable(layer) for layer in network["layers"]]
    training = {
        "loss": twin.loss if isinstance(twin.loss, str) else keras.saving.get_registered_name(twin.loss),
        "metrics": None,
        "weighted_metrics": None,
        "loss_weights": None,
        "optimizer_config": {
            "class_name": "Adam",
            "config": {"name": "adam", "learning_rate": float(ops.convert_to_numpy(twin.optimizer.learning_rate))},
        },
    }
    with replacing(path) as partial, h5py.File(partial, "w") as stream:
        stream.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": network})
        stream.attrs["training_config"] = json.dumps(training)
        group = stream.create_group("model_weights")
        group.attrs["layer_names"] = [layer.name.encode() for layer in twin.layers]
        for holder in (stream, group):
            holder.attrs["keras_version"] = keras.__version__
            holder.attrs["backend"] = keras.config.backend()
        for layer in twin.layers:
            part = group.create_group(layer.name)
            values = [ops.convert_to_numpy(weight) for weight in layer.weights]
            names = [f"{layer.name}/{number}" for number in range(len(values))]
            part.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, values, strict=True):
                part[name] = value


_CHOSEN = {
    *("name", "batch_shape", "window", "stride", "step", "scale", "offset", "filters", "kernel_size", "padding"),
    *("use_bias", "momentum", "epsilon", "rate", "pool_size", "layer", "units", "return_sequences", "activation"),
    *("axis", "axes"),
}
"""The settings of layers that the twin chooses. Later versions of Keras add others, which earlier ones refuse."""


def _portable(layer: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a layer, in the words of every Keras 3."""
    parts = ("module", "class_name", "registered_name", "name", "inbound_nodes")
    kept: dict[str, Any] = {name: layer[name] for name in parts if name in layer}
    config = {name: value for name, value in layer["config"].items() if name in _CHOSEN}
    if "layer" in config:
        config["layer"] = _portable(config["layer"])
    return {**kept, "config": {**config, "dtype": "float32"}}
