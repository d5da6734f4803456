"""Worker processes, each with one claude, and the zygote that forks them."""
