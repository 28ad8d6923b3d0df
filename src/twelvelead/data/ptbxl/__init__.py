"""PTB-XL: from the folder that PhysioNet publishes to a store, and its counts beside the published ones."""
