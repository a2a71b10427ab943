"""A state that goes from modality to modality and is decoded after each."""
