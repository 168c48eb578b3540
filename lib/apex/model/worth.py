"""What crowds are worth by themselves, at a plan's conversion and value."""

import numpy as np
import pandas as pd


def of_crowds(there: pd.DataFrame, needed: pd.DataFrame, sized: pd.DataFrame) -> pd.DataFrame:
    """crowd, worth_minor: what each crowd brings by itself: over its stages, consumers × conversion × value.

    there: crowd, stage, consumers (`measure.crowds.by_stage`). needed: stage, conversion, value_minor of a plan; worth is null
    for a crowd with people at a stage without a rate (all, where there is no plan), and for one whose size `sized` (crowd,
    suppressed) hides.
    """
    rate = needed.set_index("stage").conversion.astype(float) * needed.set_index("stage").value_minor.astype(float)
    each = there.assign(worth=there.consumers * there.stage.astype(str).map(rate))
    found = each.groupby("crowd").worth.agg(lambda w: w.sum(skipna=False))
    worth = sized.crowd.astype(str).map(found).fillna(0.0 if len(needed) else np.nan)
    worth = worth.mask(sized.crowd.astype(str).isin(found.index[found.isna()]) | sized.suppressed)
    return pd.DataFrame({"crowd": sized.crowd, "worth_minor": worth.round().astype("Int64")})
