"""Stores a network as TensorFlow.js files, compares them with the original, and writes the model card."""
