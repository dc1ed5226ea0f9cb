"""The app's own objects: asked without harm, said in short texts, and found in the files where they are written."""
