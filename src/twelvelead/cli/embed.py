"""The verbs for what recordings are like: embed, similar."""

from pathlib import Path
from typing import Annotated, Any

import typer

from twelvelead.cli.options import Weights
from twelvelead.cli.reading import SamplingRate, Scale, TimeUnit, Unit, Variable
from twelvelead.errors import Refused, TwelveLeadError
from twelvelead.weights import DEFAULT


def embed(
    source: Annotated[Path, typer.Argument(help="Take this store, folder or ECG file.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Write this Parquet file.", show_default=False)],
    weights: Weights = DEFAULT,
    sampling_rate: SamplingRate = None,
    unit: Unit = None,
    scale: Scale = None,
    variable: Variable = None,
    time_unit: TimeUnit = None,
) -> None:
    """Write the embedding of each recording, one row each, for whoever searches or clusters.

    THE FILE IS AS SENSITIVE AS THE ECGs: an embedding tells one patient from another. Of a store, ecg_id, patient_id
    and fold stand beside it; of files, source and, where the file states it, patient_id.
    """
    from twelvelead.data.store import Store
    from twelvelead.inference.engine import Engine
    from twelvelead.inference.scoring import recording
    from twelvelead.inference.similar import embedded, in_batches, write_embeddings
    from twelvelead.readers import read
    from twelvelead.readers.find import recordings

    engine = Engine(weights)
    columns: dict[str, list[Any]]
    left_out: list[str] = []
    vectors: list[Any] = []
    if (source / "store.json").is_file():
        store = Store.open(source)
        names = ("ecg_id", "patient_id", "fold")
        columns = {name: [] for name in ("source", *names)}
        for rows in in_batches(range(len(store))):
            for row, found in zip(rows, embedded(engine, [recording(store, row) for row in rows]), strict=True):
                if isinstance(found, Refused):
                    left_out.append(str(found))
                    continue
                vectors.append(found)
                columns["source"].append(f"ECG {store.column('ecg_id')[row]}")
                for name in names:
                    columns[name].append(int(store.column(name)[row]))
    else:
        files = recordings([str(source)])
        columns = {"source": [], "patient_id": []}
        left_out += list(map(str, files.faults))
        for some in in_batches(files.files):
            ecgs = []
            for file in some:
                try:
                    ecg = read(
                        file,
                        sampling_rate=sampling_rate,
                        unit=unit,
                        scale=scale,
                        variable=variable,
                        time_unit=time_unit,
                        identify=True,
                    )
                    ecgs.append(ecg)
                except TwelveLeadError as error:
                    left_out.append(str(error))
            for ecg, found in zip(ecgs, embedded(engine, ecgs), strict=True):
                if isinstance(found, Refused):
                    left_out.append(str(found))
                    continue
                vectors.append(found)
                columns["source"].append(ecg.source)
                columns["patient_id"].append(None if ecg.identity is None else ecg.identity.patient_id)
        if None in columns["patient_id"]:
            del columns["patient_id"]
    for line in left_out:
        typer.echo(f"twelvelead: {line}", err=True)
    if not vectors:
        raise TwelveLeadError(f"{source}: no recording can be embedded")
    write_embeddings(out, engine, columns, vectors)
    typer.echo(f"{out}: {len(vectors):,} embeddings of {len(vectors[0])} values; as sensitive as the ECGs")
    if left_out:
        raise typer.Exit(2)


def similar(
    file: Annotated[Path, typer.Argument(help="Take this ECG file.", show_default=False)],
    among: Annotated[
        Path, typer.Option(help="Search in this file of the command embed.", show_default=False, metavar="X.parquet")
    ],
    count: Annotated[int, typer.Option(help="Show this many.", min=1)] = 10,
    patient: Annotated[
        str | None, typer.Option(help="Keep the recordings of this patient out.", show_default="the file's own")
    ] = None,
    weights: Weights = DEFAULT,
    sampling_rate: SamplingRate = None,
    unit: Unit = None,
    scale: Scale = None,
    variable: Variable = None,
    time_unit: TimeUnit = None,
) -> None:
    """Show the recordings that are most like one, by the cosine of their embeddings, the patient's own left out."""
    from twelvelead.inference.engine import Engine
    from twelvelead.inference.similar import Embeddings
    from twelvelead.readers import read

    engine = Engine(weights)
    known = Embeddings.load(among)
    known.require_made_by(engine, among)
    ecg = read(
        file,
        sampling_rate=sampling_rate,
        unit=unit,
        scale=scale,
        variable=variable,
        time_unit=time_unit,
        identify=True,
    )
    whose = patient or (ecg.identity.patient_id if ecg.identity else None)
    if not known.knows_patients:
        typer.echo(f"twelvelead: {among} names no patients, so nobody's recordings are left out", err=True)
    elif whose is None:
        typer.echo(f"twelvelead: {file} names no patient (--patient), so nobody's recordings are left out", err=True)
    for found in known.nearest(engine.embed(ecg), count, whose):
        typer.echo(f"{found.similarity:.4f}  {known.columns['source'][found.row]}")
