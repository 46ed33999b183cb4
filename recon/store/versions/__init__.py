"""What Omise, shop and bank said, in versions: saved, loaded as of a moment, archived."""
