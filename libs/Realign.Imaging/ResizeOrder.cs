namespace Realign.Imaging;

/// <summary>Which of the two passes of a resize comes first. In between, bytes are rounded: the orders differ by a unit here and there.</summary>
public enum ResizeOrder
{
    /// <summary>As Pillow 13: the vertical pass where the height shrinks much more than the width, which is the cheaper one there; else the horizontal
    /// pass.</summary>
    Pillow13 = 0,

    /// <summary>The horizontal pass always, as every Pillow before and the published preprocessing of the vision-language models.</summary>
    HorizontalFirst = 1,
}
