"""What is odd or bad about the packages a tree takes in."""
