"""Every variant that msftk ships, one small file each; reached through the registry, never by import."""
