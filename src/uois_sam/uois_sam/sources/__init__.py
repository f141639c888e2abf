"""Where frames come from: folders, videos, devices, recordings, and the encodings of ROS images."""
