"""What every worker is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from claude_remote import launch as orders
from claude_remote import processes
from claude_remote_broker.ports import Launch


@dataclass(frozen=True)
class WorkerPlan:
    """The same for all of them."""

    bus: Path
    spill: Path
    claude: Path
    state_id: str
    environment: Mapping[str, str] = field(repr=False)
    private: tuple[Path, ...] = ()
    patience: float = 600.0

    def order(self, command: Launch) -> orders.Fork:
        """The order for one worker."""
        return orders.Fork(
            worker=command.worker,
            token=command.token,
            bus=str(self.bus),
            spill=str(self.spill),
            claude=str(self.claude),
            state_id=self.state_id,
            private=tuple(map(str, self.private)),
            patience=self.patience,
            errand=command.errand,
        )

    def marker(self, command: Launch) -> str:
        """What everything that this worker starts will carry."""
        if command.errand:
            return self.marker_of(command.worker, 0)
        return self.marker_of(command.session, command.epoch)

    def marker_of(self, session: str, epoch: int) -> str:
        """The same for the lease of a worker that a life before this has started."""
        return processes.lease_marker(self.state_id, session, epoch)
