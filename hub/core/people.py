"""Who is where on the floor.

A body is one person, followed through breaks and swaps of the cameras' ids and from one camera's view into the next.
Where it stays open which track carries on which body, a Shuffle says how likely what is: the belief takes it in, so
that whose body it is stays a joint question. Nobody is recognised: positions and their continuity
count, and, where a store wants it, the colour of clothes.
"""

import math
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.core.arrivals import WaysIn, WentOver, recognise, turned_up, went_over
from hub.core.clothes import Clothes, wear
from hub.core.crossing import SwapFrame
from hub.core.doubts import Doubts
from hub.core.floor import (
    MEMORY_S,
    MOMENT_S,
    STRAIGHT_ON_S,
    TOP_SPEED_MPS,
    Body,
    LastSeen,
    Place,
    Shuffle,
    Sight,
    Steps,
)
from hub.core.hidden import HiddenHands
from hub.core.overlap import Overlap
from hub.core.presence import Presence
from hub.core.returning import Return
from hub.core.stance import Stance
from hub.core.tracking import beside_places, by_id, close_groups, could_be, exchanged, orders, pairs, swapped
from wire.messages import Track, Tracks

__all__ = ["MEMORY_S", "MOMENT_S", "TOP_SPEED_MPS", "Body", "People", "Place", "Shuffle"]

LOST_AFTER_S = 1.5
"""A track missing for longer than a detector's hiccup is lost."""
SILENT_S = 5.0
"""A camera without a frame for so long, while others have some, sees nobody any more."""
DEPARTED_S = 5.0
"""Who has passed the way out is out of sight by then."""
SHUFFLE_S = 1.0
"""Confusions of the same two people within this long are one."""

REVIEW_S = 0.25
"""How often bodies of different cameras are compared."""
STRANGER_S = 5.0
"""Whoever is not known to have come in by then did so as somebody else."""


@dataclass(slots=True)
class People(Presence):
    """Everybody on the floor, kept apart frame by frame."""

    ways_in: WaysIn = field(default_factory=WaysIn)
    shuffles: list[Shuffle] = field(default_factory=list)
    """Confusions that the belief has not taken in yet, in order of time."""
    count: int = 0
    frame_s: dict[str, float] = field(default_factory=dict)
    """The time of the newest frame, by camera."""
    stale_frames: int = 0
    repeated_tracks: int = 0
    confusions: int = 0
    parted: int = 0
    joined: int = 0
    adopted: list[tuple[str, str]] = field(default_factory=list)
    """Strangers who turned out to be somebody known, and who: what they did meanwhile is to be looked at again."""
    sees_hands: bool = False
    """Whether the ceiling has ever reported a reaching hand: only then does a missing one mean anything."""
    hidden: HiddenHands = field(default_factory=HiddenHands)
    """How often the ceiling does not see a hand that moves something."""
    stance: Stance = field(default_factory=Stance)
    """How people stand who reach."""
    clothes: Clothes | None = None
    """How colours of clothes tell people apart; None where the store does not want it."""
    _reviewed_s: float = -math.inf
    _steps: dict[str, Steps] = field(default_factory=dict)
    """How steady each camera's tracks are."""
    _overlap: Overlap = field(default_factory=Overlap)
    _doubts: dict[str, Doubts] = field(default_factory=dict)
    """What is open about the tracks of each camera."""
    _barred: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """Bodies that a track has parted from, by camera and track."""

    @property
    def counters(self) -> dict[str, int]:
        """What has been out of the ordinary so far."""
        return {
            "frames_stale": self.stale_frames,
            "tracks_repeated": self.repeated_tracks,
            "tracks_ambiguous": self.confusions,
            "tracks_parted": self.parted,
            "bodies_joined": self.joined,
        }

    def see(self, camera: str, frame: Tracks) -> None:
        """Take in one frame. A frame older than the newest of its camera says nothing new and is counted."""
        t_s, last_s = frame.t_s, self.frame_s.get(camera, -math.inf)
        if t_s <= last_s:
            self.stale_frames += 1
            return
        self.frame_s[camera] = t_s
        self.sees_hands = self.sees_hands or any(t.hand is not None for t in frame.tracks)
        view = self._views.setdefault(camera, {})
        doubts = self._doubts.setdefault(camera, Doubts())
        tracks = by_id(view, frame.tracks)
        self.repeated_tracks += len(frame.tracks) - len(tracks)
        if self._departed:
            self._departed = {key: s for key, s in self._departed.items() if s > t_s - DEPARTED_S}
            tracks = {key: track for key, track in tracks.items() if (camera, key) not in self._departed}
        went_over = self._retire(camera, t_s, tracks)
        steps = self._steps.setdefault(camera, Steps())
        groups = close_groups(t_s, view, tracks, steps)
        self._learn(camera, t_s, t_s - last_s, tracks, groups)
        for group in groups:
            self._untangle(camera, t_s, group, [tracks.get(s.track) for s in group])
        if new := [track for key, track in tracks.items() if key not in view]:
            self._recognise(camera, t_s, tracks, new)
        for doubt in went_over:
            self._weigh_later(camera, t_s, doubt)
        if self.clothes is not None:
            for key, track in tracks.items():
                wear(t_s, view[key], track)
        for key, track in tracks.items():
            view[key].seen(t_s, track)
        for shuffle in doubts.over(camera, t_s, tracks, self._steps[camera], self.ways_in):
            self._confuse(shuffle)
        if len(self._views) > 1:
            self._compare(camera, t_s, t_s - last_s)
        if t_s > self._reviewed_s + REVIEW_S:
            self._reviewed_s = t_s
            self._join(t_s)
            if not self.ways_in.let_in:
                self._adopt(t_s)

    def came_in(self, body: Body) -> None:
        """It is this body that somebody who was awaited came in with."""
        for doubts in self._doubts.values():
            doubts.returns.came_in(body)

    def may_have_come_in(self, body: Body) -> bool:
        """Whether it is open that rather this body is who has just come in."""
        returns = (one for doubts in self._doubts.values() for one in doubts.returns.open)
        return any(one.body is body and one.other is None for one in returns)

    def confuse(self, t_s: float, one: Body, other: Body, p: float) -> None:
        """Each of the two may be the other, this likely."""
        self._confuse(Shuffle.of_two(t_s, one, other, p))

    def _retire(self, camera: str, t_s: float, tracks: dict[str, Track]) -> list[WentOver]:
        """Sights that this frame does not show for long, or shows impossibly far away, are over, and those whose id
        rather went over to somebody else: where that may be, is returned. A body that no camera holds any more is lost
        for now."""
        view = self._views[camera]
        new = [track for key, track in tracks.items() if key not in view]
        lost = [body for body in self.lost if body.bound] if new else []
        doubts = []
        for sight in list(view.values()):
            track = tracks.get(sight.track)
            if track is None:
                over = t_s - sight.t_s > LOST_AFTER_S
            else:
                over = not could_be(sight, track, t_s)
                if new and sight.body.bound and not over:
                    steps = self._steps[camera]
                    doubt = went_over(t_s, camera, sight, track, new, lost, steps, self.ways_in, self.clothes)
                    if doubt is not None:
                        doubts.append(doubt)
                        over = doubt.p > 0.5
            if over:
                self._drop(sight)
        if barred := self._barred.get(camera):
            self._barred[camera] = {track: no for track, no in barred.items() if track in tracks or track in view}
        for other in [c for c in self._views if self.frame_s[c] < t_s - SILENT_S]:
            for sight in list(self._views[other].values()):
                self._drop(sight)
            del self._views[other]
            self._barred.pop(other, None)
            for shuffle in self._doubts.pop(other, Doubts()).given_up(other, self._steps[other], self.ways_in):
                self._confuse(shuffle)
        if self.lost:
            self.dropped += [b.id for b in self.lost if not b.bound and t_s - b.t_s >= LOST_AFTER_S]
            self.lost = [b for b in self.lost if b.bound or t_s - b.t_s < LOST_AFTER_S]
            for body in self.lost:
                body.forget_before(t_s - MEMORY_S)
        while self.left and self.left[0].t_s < t_s - MEMORY_S:
            self.left.popleft()
        return doubts

    def _learn(
        self, camera: str, t_s: float, step_s: float, tracks: dict[str, Track], groups: Sequence[Sequence[Sight]]
    ) -> None:
        """See how steady the tracks of people are who have nobody near."""
        steps = self._steps[camera]
        steps.step_s = min(step_s, STRAIGHT_ON_S)  # after a pause of the camera, people may be anywhere
        crowded = {sight.track for group in groups for sight in group}
        for name, sight in self._views[camera].items():
            if name not in crowded and (track := tracks.get(name)) is not None and t_s - sight.t_s < 1.5 * step_s:
                steps.learn(t_s, sight, track)
                if self.clothes is not None:
                    self.clothes.learn(t_s, sight, track)

    def _untangle(self, camera: str, t_s: float, group: list[Sight], tracks: list[Track | None]) -> None:
        """Decide which of the close tracks carries on which sight; what stays open is judged when the crossing is over,
        or by the other cameras."""
        steps = self._steps[camera]
        besides = beside_places(t_s, group, tracks, steps, self.clothes)
        shares = orders(t_s, group, tracks, steps, besides)
        top = shares[0][1]
        view = self._views[camera]
        names = [sight.track for sight in group]
        for name, i in zip(names, top, strict=True):
            group[i].track, view[name] = name, group[i]
        steps.swaps.close(pairs(group, tracks))
        if len(shares) == 1 or any(s.body.fresh(t_s, camera) for s in group):
            for p, order in shares:
                steps.swaps.swapped(p, swapped(group, tracks, order))
            for p, i, j in exchanged(shares):
                self._exchangeable(camera, t_s, group[i].body, group[j].body, p)
        else:
            place = {i: n for n, i in enumerate(top)}
            weighed = ((sum(besides[i][j] for i, j in enumerate(order)), order) for _, order in shares)
            open_orders = tuple(
                (log, swapped(group, tracks, order), tuple(place[j] for j in order)) for log, order in weighed
            )
            variance = next(steps.after(0.0, track) for track in tracks if track is not None)
            self._doubts[camera].crossings.add(SwapFrame(t_s, tuple(group[i].body for i in top), variance, open_orders))

    def _weigh_later(self, camera: str, t_s: float, doubt: WentOver) -> None:
        """Whether an id went over is judged like a crossing of the two, whichever was taken for true."""
        view, log = self._views[camera], doubt.besides_log
        holds, other = view[doubt.track.id].body, view[doubt.new.id].body
        if doubt.body not in (holds, other):
            return
        stayed, went, swaps = holds is doubt.body, {doubt.band: 1.0}, self._steps[camera].swaps
        swaps.close(went)
        if holds.fresh(t_s, camera) or other.fresh(t_s, camera):
            swaps.swapped(doubt.p, went)
            self._exchangeable(camera, t_s, holds, other, doubt.p if stayed else 1 - doubt.p)
        else:
            taken, other_way = ((0.0, {}), (log, went)) if stayed else ((0.0, went), (-log, {}))
            either = (*taken, (0, 1)), (*other_way, (1, 0))
            variance = self._steps[camera].after(0.0, doubt.track)
            self._doubts[camera].crossings.add(SwapFrame(t_s, (holds, other), variance, either))

    def _recognise(self, camera: str, t_s: float, tracks: dict[str, Track], new: Sequence[Track]) -> None:
        """New tracks may be people whom another camera sees, or who were lost a moment ago; else they are new here."""
        seen = {s.body.id for s in self._views[camera].values() if s.track in tracks}
        unseen = (b for b in self.bodies.values() if b.id not in seen and (b.bound or b.fresh(t_s, camera)))
        known = [*(b for b in self.lost if b.bound), *unseen]
        barred = self._barred.get(camera, {})
        steps = self._steps[camera]
        for track, body, rivals in recognise(t_s, camera, new, known, barred, steps, self.ways_in, self.clothes):
            if body is None:
                self.count += 1
                body, then = Body(str(self.count), t_s, track.x_m, track.y_m), None
            else:
                then = LastSeen.of(camera, body)
            self._hold(camera, t_s, track, body)
            for p, rival in rivals:
                rival_then = None if rival is None else LastSeen.of(camera, rival)
                if any(known is not None and known.fresh(t_s, camera) for known in (body, rival)):
                    if rival is not None:  # or else another camera sees that it is nobody new
                        self._exchangeable(camera, t_s, body, rival, p)
                else:
                    self._doubts[camera].returns.open.append(Return(t_s, body, rival, p, then, rival_then))

    def _compare(self, camera: str, t_s: float, step_s: float) -> None:
        """Hold what this camera says of everybody against what the others say."""
        for sight in self._overlap.compare(t_s, step_s, camera, self._views):
            if len(sight.body.sights) > 1:
                self.parted += 1
                self._barred.setdefault(sight.camera, {}).setdefault(sight.track, set()).add(sight.body.id)
                self._drop(sight)
        for shuffle in self._overlap.settle(t_s):
            self._confuse(shuffle)

    def _join(self, t_s: float) -> None:
        """Two bodies may have come to follow one person, whom different cameras see."""
        for stays, goes in list(self._overlap.same(t_s, self.bodies.values())):
            # What was joined just now may be with others already.
            if stays.sights and goes.sights and stays.sights.keys().isdisjoint(goes.sights):
                self.joined += 1
                if goes.bound:
                    # Both are people: one of them is here, the other is not.
                    self.confuse(t_s, stays, goes, 0.5)
                    self.lost.append(goes)
                self._follow(stays, goes)

    def _adopt(self, t_s: float) -> None:
        """A stranger who did not come in is somebody who did, and was lost where they appeared, or beside them."""
        strangers = [b for b in self.bodies.values() if not b.bound and b.first.t_s < t_s - STRANGER_S]
        for stranger in strangers if self.lost else ():
            camera = next(iter(stranger.sights))
            lost = [b for b in self.lost if b.bound]
            if likely := turned_up(stranger, lost, camera, self._steps[camera], self.ways_in):
                (p, body), *others = likely
                for q, other in others:
                    self._exchangeable(camera, stranger.first.t_s, body, other, q / (p + q))
                self.lost.remove(body)
                self.bodies[body.id] = body
                self._follow(body, stranger)

    def _follow(self, body: Body, other: Body) -> None:
        """What follows the other one follows this body from now on."""
        self._overlap.forget(other)
        for doubts in self._doubts.values():
            doubts.renamed(other, body)
        del self.bodies[other.id]
        for camera, sight in other.sights.items():
            sight.body, body.sights[camera] = body, sight
            self._barred.get(camera, {}).pop(sight.track, None)
        other.sights = {}
        if not other.bound:
            if body.bound:
                self.adopted.append((other.id, body.id))
            body.worn |= other.worn
            for place in other.places:
                body.seen(place)

    def _exchangeable(self, camera: str, t_s: float, one: Body, two: Body, p: float) -> None:
        """A camera may have taken the one for the other: another camera may settle that, or else they are confused."""
        if one.fresh(t_s, camera) or two.fresh(t_s, camera):
            self.confusions += 1
            self._overlap.doubt(t_s, one, two, camera, p)
        else:
            self.confuse(t_s, one, two, p)

    def _confuse(self, shuffle: Shuffle) -> None:
        """Keep a confusion; of the same two within a moment, one that says as much as both."""
        self.confusions += 1
        last = self.shuffles[-1] if self.shuffles else None
        if (
            last
            and len(shuffle.bodies) == 2
            and set(last.bodies) == set(shuffle.bodies)
            and abs(shuffle.t_s - last.t_s) < SHUFFLE_S
        ):
            p, q = (sum(w for w, order in s.outcomes if order == (1, 0)) for s in (last, shuffle))
            swapped = p + q - 2 * p * q
            shuffle = last._replace(t_s=min(last.t_s, shuffle.t_s), outcomes=((1 - swapped, (0, 1)), (swapped, (1, 0))))
            self.shuffles.pop()
        insort(self.shuffles, shuffle, key=lambda s: s.t_s)
