"""The reference till: what a vendor builds, on the public contract alone. Nothing here imports the rest of Liyu."""
