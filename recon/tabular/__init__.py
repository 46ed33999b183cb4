"""Tables as others write them: headers, encodings, amounts, moments, faults of rows."""
