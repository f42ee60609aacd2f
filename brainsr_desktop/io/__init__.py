"""Files to series and back; runs in the files process."""
