"""Charts over surfaces."""
