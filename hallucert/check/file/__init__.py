"""Files of certificates: their fields, their reading and writing, and how a certificate is checked."""
