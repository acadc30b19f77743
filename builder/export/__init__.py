"""A network as TensorFlow.js files, read back and compared, with the model card."""
