"""A sheet to draw on with pygame: smooth shapes and text, no display needed."""

import os

import numpy as np
from gymnasium.error import DependencyNotInstalled

# Shapes are drawn this much larger and scaled down, which smooths their edges.
OVERSAMPLING = 2


def import_pygame():
    """pygame, or a sentence on how to install it."""
    # Else it prints into every program's output.
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ImportError as error:
        raise DependencyNotInstalled(
            'pictures of slots need pygame: pip install "mec-offloading[render]"'
        ) from error
    return pygame


class Sheet:
    """An oversampled surface, addressed in the reference frame's pixels."""

    def __init__(self, pygame, size, scale, paper=(255, 255, 255)):
        self._pygame, self._scale = pygame, scale
        # Fonts live no longer than the sheet: a pygame.quit() by anyone would leave them invalid.
        pygame.font.init()
        self._fonts, self._discs = {}, {}
        self.surface = pygame.Surface((size[0] * OVERSAMPLING, size[1] * OVERSAMPLING), depth=32)
        self.surface.fill(paper)

    def rectangle(self, colour, x, y, width, height, radius=0.0):
        k = self._scale
        left, top, right, bottom = (
            round(x * k),
            round(y * k),
            round((x + width) * k),
            round((y + height) * k),
        )
        self._pygame.draw.rect(
            self.surface,
            colour,
            (left, top, right - left, bottom - top),
            border_radius=round(radius * k),
        )

    def disc(self, colour, centre, radius):
        # Small circles look like diamonds: each kind is drawn large once, scaled down, and stamped.
        colour, side = tuple(colour), int(2 * radius * self._scale) + 2
        if (colour, radius) not in self._discs:
            large = self._pygame.Surface((8 * side, 8 * side), self._pygame.SRCALPHA)
            large.fill((*colour, 0))
            self._pygame.draw.circle(large, colour, (4 * side, 4 * side), 8 * radius * self._scale)
            self._discs[colour, radius] = self._pygame.transform.smoothscale(large, (side, side))
        corner = (
            round(centre[0] * self._scale - side / 2),
            round(centre[1] * self._scale - side / 2),
        )
        self.surface.blit(self._discs[colour, radius], corner)

    def text(self, string, size, colour, x, y, anchor):
        """Text whose middle is at height y, and whose left end (anchor 0), centre (0.5) or right end (1) is at x."""
        size = round(size * self._scale)
        if size not in self._fonts:
            # pygame's own font, the same on every machine.
            self._fonts[size] = self._pygame.font.Font(None, size)
        image = self._fonts[size].render(string, True, colour)
        corner = (
            x * self._scale - anchor * image.get_width(),
            y * self._scale - image.get_height() / 2,
        )
        self.surface.blit(image, (round(corner[0]), round(corner[1])))

    def lines(self, starts, ends, colours, alpha):
        """Lines one pixel wide that let through what is below, not each other; alpha of all or of each."""
        k, alphas = self._scale, np.broadcast_to(alpha, len(starts)).tolist()
        layer = self._pygame.Surface(self.surface.get_size(), self._pygame.SRCALPHA)
        for start, end, colour, own in zip(
            (starts * k).tolist(), (ends * k).tolist(), colours.tolist(), alphas, strict=True
        ):
            self._pygame.draw.line(layer, (*colour, own), start, end, max(1, round(k)))
        self.surface.blit(layer, (0, 0))
