"""Architectures in PyTorch behind one base, one constructor signature and one registry; nothing here knows PTB-XL."""

from twelvelead.models.attentive import Attentive
from twelvelead.models.base import ECGModel
from twelvelead.models.inception1d import Inception1d
from twelvelead.models.lstm import BidirectionalLSTM
from twelvelead.models.pretrained import pretrained
from twelvelead.models.reference import Reference
from twelvelead.models.registry import (
    MODELS,
    create_model,
    default_settings,
    is_shipped,
    load_architectures,
    register_model,
    source_file,
)
from twelvelead.models.resnet1d import ResNet1d
from twelvelead.models.s4d import S4D
from twelvelead.models.xresnet1d import XResNet1d

__all__ = [
    "MODELS",
    "S4D",
    "Attentive",
    "BidirectionalLSTM",
    "ECGModel",
    "Inception1d",
    "Reference",
    "ResNet1d",
    "XResNet1d",
    "create_model",
    "default_settings",
    "is_shipped",
    "load_architectures",
    "pretrained",
    "register_model",
    "source_file",
]
