"""The guard process: it alone decides whether the belt may move."""
