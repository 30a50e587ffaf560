"""What is installed for a person, by the files that installers leave: extensions and global tools."""
