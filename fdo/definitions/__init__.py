"""What an FDO record may say, and the definitions of it that are FDOs themselves."""
