"""What can be asked of acme.sh, a module for each kind of call; :class:`acmewrap.AcmeSh` is all of them."""
