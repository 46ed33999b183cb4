"""What scripts ask of the page: the answers as JSON, and the document that describes them."""
