"""Cases that several test modules share: maps, bins, profiles and files of them."""
