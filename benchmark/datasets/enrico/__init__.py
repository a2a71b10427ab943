"""ENRICO: topics of app screens from a screenshot and a wireframe.

Read is the official layout: ``design_topics.csv`` (``screen_id``, ``topic``), the pictures
``screenshots/<id>.jpg`` and ``wireframes/<id>.png`` (RGBA, taken as RGB). Two screens with corrupt
wireframes are left out, as MultiBench does, which leaves 1,458. The official parts are MultiBench's
947, 219 and 292: positions shuffled by Python's generator with seed 42. Pictures are brought to
256 x 128 pixels of 8 bits once, and mapped into memory afterwards.

Differences of the published loaders, each an option:

================ ================================= ===========================================
option           default                           as released
================ ================================= ===========================================
``augmentation`` ``epoch``: training samples are   ``once``: every screenshot, of all parts, is
                 flipped and blurred anew in       flipped and blurred a single time, and so is
                 every epoch, both pictures of a   a wireframe where its *position* in the
                 sample the same way round         shuffled order is the *number* of a training
                                                   screen, which about 65 % of every part are;
                                                   flips of the two do not agree
================ ================================= ===========================================

The paper says nothing of it. In the release the draws of ``once`` follow the seed of the run; here
they follow ``augmentation_seed``.
"""
