"""What is proposed for the claims about attraction: norms in which steps contract, and sets."""
