"""Training: recipes, epochs, augmentation, several machines."""
