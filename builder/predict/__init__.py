"""A trained network's predictions, and what turns them into answers: temperature, decision, detector, Grad-CAM."""
