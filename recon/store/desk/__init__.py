"""What people left in the store: rulings, the audit log, users, workbooks and sign-offs, the list of breaks."""
