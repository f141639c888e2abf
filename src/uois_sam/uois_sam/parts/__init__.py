"""Parts of things: Guided SAM, WPS-SAM and PartCLIPSeg behind one protocol."""
