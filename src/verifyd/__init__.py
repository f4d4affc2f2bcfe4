"""verifyd: continuous verification of one exact git tree."""
