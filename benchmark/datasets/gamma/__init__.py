"""GAMMA: glaucoma grading and disc and cup segmentation from a fundus picture and an OCT volume.

Wu et al., "GAMMA challenge" (Medical Image Analysis 2023). The 100 labelled cases of the training
set are read; labels of the challenge's two test sets are hidden, so these are left out:

- ``Glaucoma_grading/training/multi-modality_images/<case>/<case>.jpg`` and, beside it, the slices
  ``<case>/<k>_*.jpg``, which are put in order by their number;
- ``Glaucoma_grading/training/glaucoma_grading_training_GT.xlsx``: ``data``, ``non``, ``early``,
  ``mid_advanced``;
- ``task3_disc_cup_segmentation/training/Disc_Cup_Mask/<case>.png``: 0 cup, 128 disc around it, 255
  background.

A sample is a case; patients are not named, so pairs of eyes cannot be kept together.
"""
