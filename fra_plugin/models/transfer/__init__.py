"""What fine-tuning and evaluation need besides the method: heads, the STAR loss, and the ViTs of timm."""
