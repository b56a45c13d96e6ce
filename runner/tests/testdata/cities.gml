<?xml version="1.0" encoding="utf-8" ?>
<ogr:FeatureCollection
     gml:id="aFeatureCollection"
     xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
     xsi:schemaLocation="http://ogr.maptools.org/ cities.xsd"
     xmlns:ogr="http://ogr.maptools.org/"
     xmlns:gml="http://www.opengis.net/gml/3.2">
  <gml:boundedBy><gml:Envelope srsName="urn:ogc:def:crs:EPSG::4326"><gml:lowerCorner>35.01 8.54</gml:lowerCorner><gml:upperCorner>47.37 135.77</gml:upperCorner></gml:Envelope></gml:boundedBy>
                                                                                                                                                              
  <ogr:featureMember>
    <ogr:cities gml:id="cities.0">
      <gml:boundedBy><gml:Envelope srsName="urn:ogc:def:crs:EPSG::4326"><gml:lowerCorner>47.37 8.54</gml:lowerCorner><gml:upperCorner>47.37 8.54</gml:upperCorner></gml:Envelope></gml:boundedBy>
      <ogr:geometryProperty><gml:Point srsName="urn:ogc:def:crs:EPSG::4326" gml:id="cities.geom.0"><gml:pos>47.37 8.54</gml:pos></gml:Point></ogr:geometryProperty>
      <ogr:name>Zürich</ogr:name>
      <ogr:people>443037</ogr:people>
    </ogr:cities>
  </ogr:featureMember>
  <ogr:featureMember>
    <ogr:cities gml:id="cities.1">
      <gml:boundedBy><gml:Envelope srsName="urn:ogc:def:crs:EPSG::4326"><gml:lowerCorner>35.01 135.77</gml:lowerCorner><gml:upperCorner>35.01 135.77</gml:upperCorner></gml:Envelope></gml:boundedBy>
      <ogr:geometryProperty><gml:Point srsName="urn:ogc:def:crs:EPSG::4326" gml:id="cities.geom.1"><gml:pos>35.01 135.77</gml:pos></gml:Point></ogr:geometryProperty>
      <ogr:name>Kyōto</ogr:name>
      <ogr:people>1463723</ogr:people>
    </ogr:cities>
  </ogr:featureMember>
</ogr:FeatureCollection>
