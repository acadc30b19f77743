"""A trained network's predictions, and what is fitted to read them: temperature, decision, detector, heat map."""
