"""What the plots show, computed before anything is drawn: plain records, no picture.

Computing them takes evaluations of the criterion, so it is done only for outputs that have plots, under the
time budget. They are part of the Report and not of its JSON: every number can be had by refitting.
"""
